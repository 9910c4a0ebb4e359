import { setTimeout as wait } from 'node:timers/promises'
import { hastenTimers } from '../hastened-store.ts'
import { openTarget, type Target } from '../targets.ts'
import { guardOn, journal, live } from './guarded-world.ts'

const [target, directory, first, atOnce] = process.argv.slice(2).map((one) => JSON.parse(one)) as [
  Target,
  string,
  number,
  number,
]
const { note } = journal(directory)
hastenTimers()
const guard = guardOn(await openTarget(target), directory)

/** Lasts a little, so that a kill meets it. */
async function order(amount: number): Promise<string> {
  note('ran', `${amount}`)
  await wait(Math.random() * 20)
  return 'ran'
}

process.send?.(first)
// The same orders as the other process, round by round, until it is killed.
for (let round = first; ; round++) {
  const amounts = Array.from({ length: atOnce }, (_, at) => round * atOnce + at + 1)
  await Promise.all(amounts.map((amount) => live(guard, amount, () => order(amount))))
  process.send?.(round)
}
