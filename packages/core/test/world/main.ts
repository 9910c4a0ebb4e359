import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { bundle } from './bundle.ts'
import { coverageOf } from './coverage.ts'
import { readOptions, type WorldOptions } from './options.ts'
import { runSequence } from './run-sequence.ts'
import { search } from './search.ts'
import { shrink } from './shrink.ts'
import { storyOf } from './story.ts'

/** What one core found. */
interface Found {
  readonly sequences: number
  readonly seen: readonly (readonly [string, number])[]
  readonly stories: readonly string[]
}

/** A run goes on after a failure, up to so many on each core. */
const MAX_FAILURES = 5

if (isMainThread) await main(readOptions(process.argv.slice(2)))
else parentPort?.postMessage(await work(workerData as WorldOptions))

async function work({ minutes, seed, knownBreak }: WorldOptions): Promise<Found> {
  const boot = await bundle(knownBreak)
  const failures = knownBreak === undefined ? MAX_FAILURES : 1
  const { sequences, seen, failed } = await search(boot, { seed, milliseconds: minutes * 60_000, failures })
  const stories: string[] = []
  for (const each of failed) stories.push(storyOf(await shrink(boot, each)))
  return { sequences, seen: [...seen], stories }
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
  const workers = Array.from({ length: options.cores }, (_, core) =>
    started({ ...options, seed: `${seed}.${core}` }),
  )
  const found = await (knownBreak === undefined ? Promise.all(workers) : Promise.race(workers).then((first) => [first]))
  const seconds = (performance.now() - began) / 1000
  const seen = new Map<string, number>()
  for (const [what, times] of found.flatMap((each) => each.seen)) seen.set(what, (seen.get(what) ?? 0) + times)
  const sequences = found.reduce((sum, each) => sum + each.sequences, 0)
  const stories = found.flatMap((each) => each.stories)
  for (const story of stories) console.log(`\n${story}\n`)
  console.log(
    `${sequences} sequences in ${seconds.toFixed(0)} s, ${(sequences / seconds).toFixed(1)} a second; ${stories.length} failed`,
  )
  if (knownBreak !== undefined) process.exit(stories.length > 0 ? 0 : 1)
  const { report, missing } = coverageOf(seen)
  console.log(report)
  process.exitCode = stories.length > 0 || missing > 0 ? 1 : 0
}

function started(options: WorldOptions): Promise<Found> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
