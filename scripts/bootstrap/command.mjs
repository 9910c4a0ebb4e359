import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from './failure.mjs'
import { root } from './state.mjs'

// Type stripping still prints a warning on the older supported releases.
const node = (script, args) => ['--disable-warning=ExperimentalWarning', script, ...args]
/** Commands that need only some of the packages, which `filter` selects in pnpm. */
const parts = {
  sandbox: { filter: '@behalf/sandbox...', purpose: 'for the sandbox', script: 'packages/sandbox/src/cli/main.ts' },
  web: {
    filter: '@behalf/example-stock-agent-nextjs...',
    purpose: 'for the web app',
    script: 'examples/stock-agent-nextjs/web/main.ts',
  },
}
/** Commands that need all packages: `scripts/<name>.ts`, except for the world. */
const tools = ['test', 'bench', 'docs', 'check', 'fuzz', 'world', 'mutate']
const scriptOf = (tool) => (tool === 'world' ? 'packages/core/test/world/main.ts' : `scripts/${tool}.ts`)

/**
 * Returns what a command runs, and what must be installed for it.
 * @returns `{ name, scope, filter, purpose, argv }`: `scope` names the set of packages, `filter` selects it in pnpm.
 */
export function resolveCommand([word, ...args]) {
  const name = word === 'test' ? 'npm test' : `npm run ${word}`
  if (word === 'demo') return demo(args)
  if (Object.hasOwn(parts, word)) {
    const { filter, purpose, script } = parts[word]
    return { name, scope: word, filter: ['--filter', filter], purpose, argv: node(join(script), args) }
  }
  if (tools.includes(word))
    return {
      name,
      scope: 'all',
      filter: [],
      purpose: 'for the tests and checks',
      argv: node(join(scriptOf(word)), args),
    }
  const words = ['demo', ...Object.keys(parts), ...tools].join(', ')
  throw new Failure(`there is no command ${JSON.stringify(word ?? '')}: use one of ${words}`)
}

/**
 * Resolves `npm run demo` to `examples/stock-agent`, and `npm run demo -- langchain` to
 * `examples/stock-agent-langchain`. `npm run demo -- enterprise` is a story of the first.
 */
function demo(given) {
  // Real servers need another install: the plain demo includes none.
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

/** Returns the further stories of the first demo, by the names of their files. */
function stories() {
  const folder = join(root, 'examples', 'stock-agent', 'src', 'stories')
  const files = existsSync(folder) ? readdirSync(folder) : []
  return files.filter((file) => file.endsWith('.ts') && file !== 'index.ts').map((file) => file.slice(0, -3))
}
