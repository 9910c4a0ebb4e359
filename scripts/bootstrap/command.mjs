import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from './failure.mjs'
import { root } from './state.mjs'

// Type stripping still warns on the older of the supported releases.
const node = (script, args) => ['--disable-warning=ExperimentalWarning', script, ...args]
const everything = { scope: 'all', filter: [], purpose: 'for the tests and checks' }

/**
 * What a command runs and what must be installed for it.
 *
 * @returns `{ name, scope, filter, purpose, argv }`: `scope` names the set of packages, `filter` selects it in pnpm.
 */
export function resolveCommand([name, ...args]) {
  switch (name) {
    case 'demo':
      return demo(args)
    case 'sandbox':
      return {
        name: 'npm run sandbox',
        scope: 'sandbox',
        filter: ['--filter', '@behalf/sandbox...'],
        purpose: 'for the sandbox',
        argv: node(join('packages', 'sandbox', 'src', 'cli', 'main.ts'), args),
      }
    case 'web':
      return {
        name: 'npm run web',
        scope: 'web',
        filter: ['--filter', '@behalf/example-stock-agent-nextjs...'],
        purpose: 'for the web app',
        argv: node(join('examples', 'stock-agent-nextjs', 'web', 'main.ts'), args),
      }
    case 'test':
      return { name: 'npm test', ...everything, argv: node('scripts/test.ts', args) }
    case 'bench':
      return { name: 'npm run bench', ...everything, argv: node('scripts/bench.ts', args) }
    case 'docs':
      return { name: 'npm run docs', ...everything, argv: node('scripts/docs.ts', args) }
    case 'check':
      return { name: 'npm run check', ...everything, argv: node('scripts/check.ts', args) }
    case 'fuzz':
      return { name: 'npm run fuzz', ...everything, argv: node('scripts/fuzz.ts', args) }
    case 'world':
      return {
        name: 'npm run world',
        ...everything,
        argv: node(join('packages', 'core', 'test', 'world', 'main.ts'), args),
      }
    case 'mutate':
      return { name: 'npm run mutate', ...everything, argv: node('scripts/mutate.ts', args) }
    default:
      throw new Failure(
        `there is no command ${JSON.stringify(name ?? '')}: use demo, sandbox, web, test, bench, docs, check, fuzz, world or mutate`,
      )
  }
}

/**
 * `npm run demo` is `examples/stock-agent`; `npm run demo -- langchain` is `examples/stock-agent-langchain`;
 * `npm run demo -- enterprise` is a story of the first.
 */
function demo(given) {
  // Real servers are another install: the plain demo brings none.
  const isOnSandbox = given.includes('--sandbox')
  const args = isOnSandbox ? ['sandbox', ...given.filter((argument) => argument !== '--sandbox')] : given
  const [first, ...rest] = args
  const isStory = stories().includes(first)
  const named = first !== undefined && !first.startsWith('-') && !isStory
  const example = named ? `stock-agent-${first}` : 'stock-agent'
  const main = join('examples', example, 'src', 'main.ts')
  if (!existsSync(join(root, main))) {
    throw new Failure(
      `there is no demo ${JSON.stringify(first ?? example)}. There is:\n${demos()
        .map((found) => `  npm run demo${found}`)
        .join('\n')}`,
    )
  }
  return {
    name: named ? `npm run demo -- ${first}` : 'npm run demo',
    scope: `demo:${example}`,
    filter: ['--filter', `@behalf/example-${example}...`],
    purpose: 'for the demo',
    argv: node(main, named ? rest : args),
  }
}

function demos() {
  const examples = readdirSync(join(root, 'examples'))
    .filter((name) => existsSync(join(root, 'examples', name, 'src', 'main.ts')))
    .map((name) => (name === 'stock-agent' ? '' : ` -- ${name.replace('stock-agent-', '')}`))
  return [...examples, ...stories().map((name) => ` -- ${name}`)]
}

/** Further stories of the first demo, each told by its file's name. */
function stories() {
  const folder = join(root, 'examples', 'stock-agent', 'src', 'stories')
  const files = existsSync(folder) ? readdirSync(folder) : []
  return files.filter((file) => file.endsWith('.ts') && file !== 'index.ts').map((file) => file.slice(0, -3))
}
