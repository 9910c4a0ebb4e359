import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { entriesOf, type Packed, packedPackages } from './packed-packages.ts'
import { runTool } from './run-tool.ts'

/** How many packages `npm install @behalf/core` may bring, itself included. */
const MOST_INSTALLED = 9

/**
 * What users would get: each package as pnpm packs it, looked at by publint and attw, installed by
 * npm into a project of its own, imported and compiled against.
 */
export async function checkPacked(): Promise<Verdict> {
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-packed-'))
  try {
    const packed = await packedPackages()
    const problems: string[] = []
    for (const one of packed) problems.push(...lookInside(one), ...(await askLinters(one)))
    const core = packed.find(({ name }) => name === '@behalf/core')
    const installed = core === undefined ? 0 : await countInstalled(core, workshop)
    if (installed > MOST_INSTALLED)
      problems.push(`@behalf/core brings ${installed} packages, and ${MOST_INSTALLED} are the most`)
    // Nothing is learned from installing what is already known to be wrong.
    if (problems.length === 0) problems.push(...(await useAsConsumer(packed, workshop)))
    return verdict(problems, `${packed.length} packages; core installs ${installed} of ${MOST_INSTALLED}`)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, output } = await runTool(command, args, { cwd })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`)
  return stdout
}

/** What the linters do not know: that `exports` lead to what was built, and that nothing of the workspace is left. */
export function lookInside({ name, folder, manifest }: Packed): string[] {
  const problems: string[] = typesBehindAnother({ name, manifest })
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  for (const target of targets) {
    if (!target.startsWith('./dist/') && target !== './package.json')
      problems.push(`${name}: exports lead to ${target}, not to dist`)
    if (!existsSync(join(folder, target)))
      problems.push(`${name}: exports lead to ${target}, which is not in the tarball`)
  }
  for (const [dependency, range] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    if (/^(workspace|catalog|link|file):/.test(range))
      problems.push(`${name}: ${dependency} is ${range} in the tarball`)
  }
  for (const file of ['README.md', 'LICENSE']) {
    if (!existsSync(join(folder, file))) problems.push(`${name}: the tarball has no ${file}`)
  }
  return problems
}

/** The first condition that fits is taken: types behind another one would never be read. */
function typesBehindAnother({ name, manifest }: Pick<Packed, 'name' | 'manifest'>): string[] {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target !== 'string' && Object.keys(target)[0] !== 'types')
    .map(([path]) => `${name}: in exports["${path}"], types do not come first`)
}

async function askLinters({ name, tarball }: Packed): Promise<string[]> {
  const publint = await runTool('publint', [tarball, '--strict'])
  const attw = await runTool('attw', [tarball, '--profile', 'esm-only', '--no-emoji'])
  return [
    ...(publint.code === 0 ? [] : [`${name}, says publint:\n${publint.output.trim()}`]),
    ...(attw.code === 0 ? [] : [`${name}, says attw:\n${attw.output.trim()}`]),
  ]
}

/** Installs packages with npm, as a user would. @returns how many there are then */
async function install(folder: string, what: readonly string[]): Promise<number> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...what], folder)
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8')) as {
    packages: object
  }
  return Object.keys(lock.packages).length
}

export const countInstalled = ({ tarball }: Pick<Packed, 'tarball'>, workshop: string): Promise<number> =>
  install(join(workshop, 'core-alone'), [tarball])

/** Their types speak of Node's own, so whoever imports them has `@types/node`. Nobody else needs it. */
const nodeEntries = ['@behalf/core/node', '@behalf/stores/redis']

/** They import vitest, which loads within a run of it alone. */
const forVitest = ['@behalf/testing/contract', '@behalf/testing/requirements']

async function compile(
  project: string,
  name: string,
  entries: readonly string[],
  types: readonly string[],
): Promise<string[]> {
  const source = entries
    .map((entry, index) => `import * as entry${index} from '${entry}'\nvoid entry${index}\n`)
    .join('')
  writeFileSync(join(project, `${name}.ts`), source)
  const tsconfig = join(project, `tsconfig.${name}.json`)
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    types,
  }
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, include: [`${name}.ts`] }))
  const compiled = await runTool('tsc', ['-p', tsconfig])
  // Other people's declarations are other people's business.
  const ours = compiled.output.split('\n').filter((line) => /^(\S*node_modules\/@behalf\/|consumer\S*\.ts)/.test(line))
  return ours.length > 0 ? [`the packed declarations do not compile:\n${ours.join('\n')}`] : []
}

/** A project that has every package and its peers: each entry loads in Node, and compiles with no check skipped. */
async function useAsConsumer(packed: readonly Packed[], workshop: string): Promise<string[]> {
  const project = join(workshop, 'consumer')
  const own = new Set(packed.map(({ name }) => name))
  const peers = new Map(
    packed
      .flatMap(({ manifest }) => Object.entries(manifest.peerDependencies ?? {}))
      .filter(([name]) => !own.has(name)),
  )
  await install(project, [
    ...packed.map(({ tarball }) => tarball),
    ...[...peers].map(([name, range]) => `${name}@${range}`),
    '@types/node@24',
  ])
  const entries = packed.flatMap(entriesOf)
  const problems: string[] = []
  const forNode = (entry: string) => nodeEntries.includes(entry)
  problems.push(
    ...(await compile(
      project,
      'consumer',
      entries.filter((entry) => !forNode(entry)),
      [],
    )),
  )
  problems.push(...(await compile(project, 'consumer-on-node', entries.filter(forNode), ['node'])))
  for (const entry of entries.filter((name) => !forVitest.includes(name))) {
    const loaded = await runTool(process.execPath, ['--input-type=module', '--eval', `await import('${entry}')`], {
      cwd: project,
    })
    if (loaded.code !== 0) problems.push(`${entry} does not load:\n${loaded.output.trim()}`)
  }
  return problems
}
