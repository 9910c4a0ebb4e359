import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Bench, takeRegistered } from './bench/bench.ts'
import { measure } from './bench/measure.ts'
import { measureIncumbents } from './bench/measure-incumbents.ts'
import { measureColdImport, measureInstalled } from './bench/measure-package.ts'
import { buildPackages } from './gates/build-packages.ts'
import { kilobytes, measureBundles } from './gates/bundle-size.ts'
import { files, root } from './gates/repository.ts'

// `npm run bench` measures everything; `npm run bench -- guard` the files whose name holds `guard`, and
// `npm run bench -- incumbents` what others need for the same call.
// It tells and never fails: a busy machine is no reason for a red build.
const filters = process.argv.slice(2)

console.log(`Node ${process.version}, ${process.platform} ${process.arch}`)
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
)

for (const file of files(['packages/*/bench/*.bench.ts'])) {
  if (filters.length > 0 && !filters.some((filter) => file.includes(filter))) continue
  console.log(`\n${file}`)
  await import(pathToFileURL(join(root, file)).href)
  for (const bench of takeRegistered()) await compare(bench)
}
if (filters.length === 0 || filters.includes('incumbents')) await compareIncumbents()
if (filters.length === 0) await measureCore()

async function compare({ name, run, peer, concurrency = [1], mostOverPeer }: Bench): Promise<void> {
  for (const width of concurrency) {
    const result = await measure(run, peer.run, { concurrency: width })
    console.log(`  ${name}${concurrency.length > 1 || width > 1 ? `, ${width} at once` : ''}`)
    console.log(
      `    ${micro(result.run)}; ${peer.name} ${micro(result.peer)}; ratio ${result.ratio.toFixed(2)}; ` +
        `over it ${micro(result.over)} (half of the rounds ${micro(result.overSpread[0])} to ${micro(result.overSpread[1])})` +
        bar(result.over, mostOverPeer, (limit) => micro(limit)),
    )
  }
}

/** Beside the adapters' own numbers above: the same kind of call, on the frameworks that these packages ask for. */
async function compareIncumbents(): Promise<void> {
  console.log('\nothers, each in its own install: a tool that needs a cached token of a vault')
  for (const { name, results } of await measureIncumbents()) {
    if (typeof results === 'string') {
      console.log(`  ${name}: not measured, ${results}`)
      continue
    }
    for (const [fields, { run, peer, over, overSpread }] of Object.entries(results)) {
      console.log(`  ${name}, a tool of ${fields} fields`)
      console.log(
        `    ${micro(run)}; bare ${micro(peer)}; over it ${micro(over)} ` +
          `(half of the rounds ${micro(overSpread[0])} to ${micro(overSpread[1])})`,
      )
    }
  }
}

async function measureCore(): Promise<void> {
  console.log('\n@behalf/core as it is published')
  const built = await buildPackages()
  if (!built.ok) throw new Error(`the packages do not build:\n${built.output}`)
  for (const { name, size, sizeLimit } of await measureBundles()) {
    console.log(`  ${name}, minified, gzip: ${kilobytes(size)}${bar(size, sizeLimit, kilobytes)}`)
  }
  const { bareNode, withImport } = measureColdImport()
  const added = withImport - bareNode
  console.log(
    `  cold import: ${added.toFixed(1)} ms (${withImport.toFixed(1)} ms, and ${bareNode.toFixed(1)} ms for a bare node)` +
      bar(added, 40, (limit) => `${limit} ms`),
  )
  const installed = await measureInstalled()
  console.log(`  npm install brings ${installed} packages${bar(installed, 9, String)}`)
}

function micro(value: number): string {
  return Math.abs(value) < 1 ? `${(value * 1000).toFixed(0)} ns` : `${value.toFixed(2)} µs`
}

function bar(value: number, limit: number | undefined, write: (limit: number) => string): string {
  if (limit === undefined) return ''
  return value <= limit ? ` – within ${write(limit)}` : ` – OVER ${write(limit)}`
}
