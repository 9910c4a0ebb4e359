import { join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { measureLoaded, mostLoaded } from './loaded-at-import.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

export interface BundleSize {
  readonly name: string
  readonly passed?: boolean
  /** Bytes, minified and compressed with gzip. */
  readonly size: number
  /** Bytes. */
  readonly sizeLimit?: number
}

/** What `scripts/.size-limit.json` asks for, measured. The packages must be built. */
export async function measureBundles(): Promise<readonly BundleSize[]> {
  const { stdout, output } = await runTool('size-limit', ['--json'], { cwd: join(root, 'scripts') })
  const start = stdout.indexOf('[')
  if (start === -1) throw new Error(`size-limit measured nothing:\n${output}`)
  return JSON.parse(stdout.slice(start)) as BundleSize[]
}

export const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

/** The bundles stay within their limits, and so does what an import reads. */
export async function checkBundleSize(): Promise<Verdict> {
  const sizes = await measureBundles()
  const text = ({ name, size, sizeLimit }: BundleSize) =>
    `${name} ${kilobytes(size)}${sizeLimit === undefined ? '' : ` of ${kilobytes(sizeLimit)}`}`
  const loaded = measureLoaded()
  const reads = `importing it reads ${loaded.files} of ${mostLoaded.files} files, ${kilobytes(loaded.bytes)} of ${kilobytes(mostLoaded.bytes)}`
  const isTooMuch = loaded.files > mostLoaded.files || loaded.bytes > mostLoaded.bytes
  const bounded = sizes.filter(({ sizeLimit }) => sizeLimit !== undefined)
  return verdict(
    [
      ...(bounded.length === 0 ? ['no bundle has a limit'] : bounded.filter(({ passed }) => passed !== true).map(text)),
      ...(isTooMuch ? [reads] : []),
    ],
    [...sizes.map(text), reads].join('; '),
  )
}
