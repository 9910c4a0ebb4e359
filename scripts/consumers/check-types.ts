import { join } from 'node:path'
import { runTool } from '../gates/run-tool.ts'
import { type ConsumerProject, type ConsumerRun, createProject } from './consumer-project.ts'

export interface Compiler {
  readonly resolutions: readonly string[]
  readonly version: string
  /** Path of its `tsc`, for Node. */
  readonly tsc: string
}

/**
 * Ways in which a project finds types. Only the newer compiler checks `node16`, the oldest way that reads `exports`.
 */
const resolutions = {
  '6': ['nodenext', 'bundler'],
  '7': ['nodenext', 'node16', 'bundler'],
} as const

const optionsOf = (resolution: string) =>
  resolution === 'bundler' ? { module: 'esnext', moduleResolution: 'bundler' } : { module: resolution }

export type Major = keyof typeof resolutions

/** Installs versions of TypeScript from npm, next to each other. */
export async function bringCompilers(workshop: string, majors: readonly Major[] = ['6', '7']): Promise<Compiler[]> {
  const { folder } = await createProject(
    join(workshop, 'compilers'),
    majors.map((major) => `typescript-${major}@npm:typescript@${major}`),
  )
  const compilers = majors.map(async (major) => {
    const tsc = join(folder, 'node_modules', `typescript-${major}`, 'bin', 'tsc')
    const { stdout } = await runTool(process.execPath, [tsc, '--version'])
    return { resolutions: resolutions[major], version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? major, tsc }
  })
  return Promise.all(compilers)
}

/**
 * Compiles a project's `program.ts`, and an `import` and a `require` of each entry, with every compiler and each way to
 * find types.
 *
 * @returns a line for each combination; `problem` if it does not compile
 */
export async function checkConsumerTypes(
  project: ConsumerProject,
  program: string,
  entries: readonly string[],
  compilers: readonly Compiler[],
): Promise<readonly ConsumerRun[]> {
  project.write('program.ts', program)
  project.write('entries.ts', imported(entries))
  project.write(
    'entries.cts',
    entries.map((entry, at) => `import entry${at} = require('${entry}')\n`).join('') + used(entries),
  )
  const results: ConsumerRun[] = []
  const compile = async (what: string, tsc: string, files: readonly string[], options: object, ours?: RegExp) => {
    const compilerOptions = { target: 'es2023', strict: true, noEmit: true, ...options }
    project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
    const { code, output } = await runTool(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: project.folder })
    const problem = ours === undefined ? output.trim() : (output.match(ours) ?? []).join('\n')
    results.push(code === 0 || (ours !== undefined && problem === '') ? { what } : { what, problem })
  }
  for (const { version, tsc, resolutions } of compilers) {
    for (const name of resolutions) {
      // TypeScript accepts `require` of an ES module, which Node supports from 22.12 on, only with `nodenext`.
      const files = ['program.ts', 'entries.ts', ...(name === 'nodenext' ? ['entries.cts'] : [])]
      const options = { ...optionsOf(name), skipLibCheck: true, types: ['node'] }
      await compile(`types by TypeScript ${version}, ${name}`, tsc, files, options)
    }
  }
  const newest = compilers.at(-1)
  if (newest === undefined) throw new Error('there is no compiler')
  // Checks only our own declarations, and skips none of them. Other packages' errors are ignored.
  const ours = /^(?:\S*node_modules\/@behalf\/|entries).*/gm
  const checked = { module: 'nodenext', lib, exactOptionalPropertyTypes: true }
  for (const [types, some] of [
    [[], entries.filter((entry) => !onNode.includes(entry))],
    [['node'], entries.filter((entry) => onNode.includes(entry))],
  ] as const) {
    if (some.length === 0) continue
    project.write('entries.ts', imported(some))
    const what = `declarations by TypeScript ${newest.version}, with types of ${types[0] ?? 'nothing'}`
    await compile(what, newest.tsc, ['entries.ts'], { ...checked, types }, ours)
  }
  return results
}

/** Entry points whose types use Node's, so their users need `@types/node`. Users of the other entry points do not. */
const onNode: readonly string[] = ['@behalf/core/node', '@behalf/stores/redis']
const lib = ['es2024', 'esnext.disposable', 'dom', 'dom.iterable']

const imported = (entries: readonly string[]) =>
  entries.map((entry, at) => `import * as entry${at} from '${entry}'\n`).join('') + used(entries)
const used = (entries: readonly string[]) => `void [${entries.map((_, at) => `entry${at}`).join(', ')}]\nexport {}\n`
