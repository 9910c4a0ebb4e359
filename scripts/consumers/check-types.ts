import { join } from 'node:path'
import { runTool } from '../gates/run-tool.ts'
import { type ConsumerProject, type ConsumerRun, createProject } from './consumer-project.ts'

export interface Compiler {
  readonly resolutions: readonly string[]
  readonly version: string
  /** Path of its `tsc`, for Node. */
  readonly tsc: string
}

/** How a project finds types. `node16`, the oldest way that reads `exports`, is asked of the newer compiler alone. */
const resolutions = {
  '6': ['nodenext', 'bundler'],
  '7': ['nodenext', 'node16', 'bundler'],
} as const

const optionsOf = (resolution: string) =>
  resolution === 'bundler' ? { module: 'esnext', moduleResolution: 'bundler' } : { module: resolution }

/** TypeScript 6 and 7 from npm, beside each other. */
export async function bringCompilers(workshop: string): Promise<readonly Compiler[]> {
  const majors = ['6', '7'] as const
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
 * Compiles a project's `program.ts`, an import of each entry, and a `require` of each, with every compiler,
 * in each of its ways to find types.
 *
 * @returns a line for each combination; `problem` where it does not compile
 */
export async function checkConsumerTypes(
  project: ConsumerProject,
  program: string,
  entries: readonly string[],
  compilers: readonly Compiler[],
): Promise<readonly ConsumerRun[]> {
  project.write('program.ts', program)
  project.write(
    'entries.ts',
    entries.map((entry, at) => `import * as entry${at} from '${entry}'\n`).join('') + used(entries),
  )
  project.write(
    'entries.cts',
    entries.map((entry, at) => `import entry${at} = require('${entry}')\n`).join('') + used(entries),
  )
  const results: ConsumerRun[] = []
  for (const { version, tsc, resolutions } of compilers) {
    for (const name of resolutions) {
      // TypeScript admits `require` of a module, which Node has from 22.12 on, by `nodenext` alone.
      const files = ['program.ts', 'entries.ts', ...(name === 'nodenext' ? ['entries.cts'] : [])]
      const compilerOptions = {
        ...optionsOf(name),
        target: 'es2023',
        strict: true,
        skipLibCheck: true,
        noEmit: true,
        types: ['node'],
      }
      const config = `tsconfig.${name}.json`
      project.write(config, JSON.stringify({ compilerOptions, files }))
      const { code, output } = await runTool(process.execPath, [tsc, '-p', config], { cwd: project.folder })
      const what = `types by TypeScript ${version}, ${name}`
      results.push(code === 0 ? { what } : { what, problem: output.trim() })
    }
  }
  return results
}

const used = (entries: readonly string[]) => `void [${entries.map((_, at) => `entry${at}`).join(', ')}]\nexport {}\n`
