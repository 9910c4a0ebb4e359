import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { bundle } from './bundle.ts'
import { coverageOf } from './coverage.ts'
import { readOptions, type WorldOptions } from './options.ts'
import { type Ran, runSequence } from './run-sequence.ts'
import { search } from './search.ts'
import { shrink } from './shrink.ts'
import { storyOf } from './story.ts'

/** What one core found. */
interface Found {
  readonly sequences: number
  readonly seen: readonly (readonly [string, number])[]
  readonly failed: number
}

/** A run goes on after a failure, up to so many on each core. */
const MAX_FAILURES = 5

if (isMainThread) await main(readOptions(process.argv.slice(2)))
else parentPort?.postMessage(await work(workerData as WorldOptions, (story) => parentPort?.postMessage(story)))

/** @param tell - Is given the story of each failure. */
async function work({ minutes, seed, knownBreak }: WorldOptions, tell: (story: string) => void): Promise<Found> {
  const boot = await bundle(knownBreak)
  const failures = knownBreak === undefined ? MAX_FAILURES : 1
  const onFailed = async (ran: Ran) => tell(storyOf(await shrink(boot, ran)))
  const { sequences, seen, failed } = await search(boot, { seed, milliseconds: minutes * 60_000, failures, onFailed })
  return { sequences, seen: [...seen], failed: failed.length }
}

async function main(options: WorldOptions): Promise<void> {
  const { seed, knownBreak } = options
  if (options.log) {
    const ran = await runSequence(await bundle(knownBreak), seed)
    console.log(ran.log.join('\n'))
    return
  }
  const began = performance.now()
  console.log(
    `the world: ${options.minutes} min, seed ${seed}${knownBreak === undefined ? '' : `, break ${knownBreak}`}`,
  )
  const workers = Array.from({ length: options.cores }, (_, core) => started({ ...options, seed: `${seed}.${core}` }))
  const found = await (knownBreak === undefined ? Promise.all(workers) : Promise.race(workers).then((first) => [first]))
  const seconds = (performance.now() - began) / 1000
  const seen = new Map<string, number>()
  for (const [what, times] of found.flatMap((each) => each.seen)) seen.set(what, (seen.get(what) ?? 0) + times)
  const sequences = found.reduce((sum, each) => sum + each.sequences, 0)
  const failed = found.reduce((sum, each) => sum + each.failed, 0)
  console.log(
    `${sequences} sequences in ${seconds.toFixed(0)} s, ${(sequences / seconds).toFixed(1)} a second; ${failed} failed`,
  )
  if (knownBreak !== undefined) process.exit(failed > 0 ? 0 : 1)
  const { report, missing } = coverageOf(seen)
  console.log(report)
  process.exitCode = failed > 0 || missing > 0 ? 1 : 0
}

function started(options: WorldOptions): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options })
    worker.on('message', (message: Found | string) => {
      if (typeof message === 'string') console.log(`\n${message}\n`)
      else resolve(message)
    })
    worker.once('error', reject)
  })
}
