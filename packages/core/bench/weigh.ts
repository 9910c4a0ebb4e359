import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { quantile } from '../../../scripts/bench/measure.ts'
import { esbuild } from '../../../scripts/gates/esbuild.ts'

// Measures what a package adds to a process, for our packages and others by the same code.

/** Number of fresh processes for each figure. The sides take turns. */
const PROCESSES = 21
const TELL = `const { user, system } = process.cpuUsage()
console.log(JSON.stringify([(user + system) / 1e3, process.memoryUsage().rss / 1e6]))`

export interface Bundle {
  /** Bytes that an import loads at once, minified, gzip, with everything but Node and what is external. */
  readonly size: number
  /** The file to import. */
  readonly entry: string
}

/** Bundles code that runs in Node. It is written into `folder`, where it finds what is external. */
export async function bundled(code: string, folder: string, external: readonly string[] = []): Promise<Bundle> {
  const outdir = mkdtempSync(join(folder, 'node_modules', '.behalf-bench-'))
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  const { metafile } = await esbuild.build({
    stdin: { contents: code, resolveDir: folder },
    absWorkingDir: outdir,
    outdir,
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as requireOfBench } from 'node:module'; const require = requireOfBench(import.meta.url);",
    },
    external,
    logLevel: 'error',
  })
  const loaded = new Set(['stdin.mjs'])
  for (const path of loaded) {
    for (const { path: next, kind } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && next in metafile.outputs) loaded.add(next)
    }
  }
  const size = [...loaded].reduce((sum, path) => sum + gzipSync(readFileSync(join(outdir, path))).length, 0)
  return { size, entry: pathToFileURL(join(outdir, 'stdin.mjs')).href }
}

/** Cost of a fresh process that runs code, at its end. */
export interface ProcessCost {
  /** On the wall clock, from outside. */
  readonly milliseconds: number
  /** Processor time, milliseconds of all threads: other work of the machine changes it less. */
  readonly work: number
  readonly megabytes: number
}

/** Returns the medians for each code. */
export function processCosts(folder: string, ...codes: readonly string[]): readonly ProcessCost[] {
  const runs = codes.map((): ProcessCost[] => [])
  for (let round = 0; round < PROCESSES; round++) {
    for (const [index, code] of codes.entries()) {
      const began = performance.now()
      const source = `${code}\n${TELL}`
      const output = execFileSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: folder })
      const milliseconds = performance.now() - began
      const [work = 0, megabytes = 0] = JSON.parse(`${output}`) as number[]
      runs[index]?.push({ milliseconds, work, megabytes })
    }
  }
  const median = (some: readonly ProcessCost[], key: keyof ProcessCost) =>
    quantile(
      some.map((one) => one[key]),
      0.5,
    )
  return runs.map((some) => ({
    milliseconds: median(some, 'milliseconds'),
    work: median(some, 'work'),
    megabytes: median(some, 'megabytes'),
  }))
}

export const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

/** Returns in words what packages add to a process that has their frameworks already. */
export async function added(names: readonly string[], folder: string, frameworks: readonly string[]): Promise<string> {
  const code = names.map((name, index) => `export * as entry${index} from '${name}'`).join('\n')
  const { size, entry } = await bundled(code, folder, [...frameworks, 'zod/*', '@langchain/*'])
  const before = frameworks.map((name) => `await import('${name}')`).join('; ')
  const [bare, whole] = processCosts(folder, before, `${before}; await import('${entry}')`)
  const over = (key: keyof ProcessCost) => ((whole?.[key] ?? 0) - (bare?.[key] ?? 0)).toFixed(1)
  return `${kilobytes(size)} minified and gzip, ${over('work')} ms of processor time for the import, ${over('megabytes')} MB of memory`
}
