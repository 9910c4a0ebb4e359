import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { processCosts } from '../packages/core/bench/weigh.ts'
import { against, beginSection, note, sections, tell } from './bench/figures.ts'
import { measureFile } from './bench/measure-file.ts'
import { measureIncumbent } from './bench/measure-incumbents.ts'
import { reportOf } from './bench/report.ts'
import { buildPackages } from './gates/build-packages.ts'
import { files, root } from './gates/repository.ts'

// `npm run bench` measures everything. `npm run bench -- guard` measures the files whose name contains `guard`.
// `npm run bench -- incumbents` measures other packages with the same call. `--report` writes docs/benchmarks.md. It
// never fails: a busy machine must not break a build.
const report = process.argv.includes('--report')
const filters = process.argv.slice(2).filter((argument) => argument !== '--report')
const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`
const loadBefore = loadavg()[0] ?? 0

console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n${machine}`)

// Measurements that need a quiet machine come first.
if (filters.length === 0) await measureCore()
for (const file of files(['packages/*/bench/*.bench.ts'])) {
  if (filters.length > 0 && !filters.some((filter) => file.includes(filter))) continue
  sections.push(...measureFile(file))
}
if (filters.length === 0 || filters.includes('incumbents')) await compareIncumbents()

if (report) {
  const load = [loadBefore, loadavg()[0] ?? 0] as const
  const page = reportOf(sections, { machine, node: `Node ${process.version}`, load })
  writeFileSync(join(root, 'docs', 'benchmarks.md'), page)
  console.log('\nwritten: docs/benchmarks.md')
}

/**
 * Measures other packages beside the adapters: the same call, on the frameworks that these packages require.
 */
async function compareIncumbents(): Promise<void> {
  beginSection('others, each in its own install: a tool that takes a cached token of a vault')
  for (const adapter of ['ai-sdk', 'langchain']) {
    const { name, figures, notes } = await measureIncumbent(adapter)
    for (const [fields, result] of Object.entries(figures)) {
      tell({ ...result, name: `${name}, a tool of ${fields} fields`, peerName: 'bare' })
    }
    notes.forEach(note)
  }
}

async function measureCore(): Promise<void> {
  beginSection('@behalf/core, the published package')
  const built = await buildPackages()
  if (!built.ok) throw new Error(`the packages do not build:\n${built.output}`)
  const [bare = 0, whole = 0] = processCosts(root, '0', "await import('./packages/core/dist/index.js')").map(
    ({ milliseconds }) => milliseconds,
  )
  const times = `${(whole - bare).toFixed(1)} ms (${whole.toFixed(1)} ms, and ${bare.toFixed(1)} ms for a bare node)`
  note(`cold import: ${times}${against(whole - bare, 40, (limit) => `${limit} ms`)}`)
}
