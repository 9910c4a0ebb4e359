import { expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import type { Outcome } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, smallWorld, writes } from './small-world.ts'

/** A small seeded generator: the same faults on every machine. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

async function story(rules: typeof asks | typeof writes, seed: number): Promise<void> {
  const world = smallWorld()
  world.answers({ status: 'approved' })
  const next = random(seed)
  const failing = tapped(world.store, async (_operation, _key, through) => {
    const luck = next()
    if (luck < 0.05) throw new StoreError('unavailable', 'before')
    const answer = await through()
    if (luck < 0.1) throw new StoreError('unavailable', 'after')
    return answer
  })
  const guards = [world.guard({ store: failing }), world.guard({ store: failing })] as const
  let runs = 0
  const attempt = (index: number) =>
    guards[index % 2 === 0 ? 0 : 1].run(rules, world.call(), async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return ++runs
    })
  // In rounds: the clock stands still while anybody is at work. One that ran ahead of the timers which
  // renew a lease would let the lease of a living body run out.
  const outcomes = new Map<number, Outcome<number>>()
  for (let round = 0; outcomes.size < 8; round++) {
    if (round === 100) throw new Error(`seed ${seed}: the slot is stuck`)
    const open = Array.from({ length: 8 }, (_unused, index) => index).filter((index) => !outcomes.has(index))
    for (const [index, outcome] of await Promise.all(open.map(async (i) => [i, await attempt(i)] as const))) {
      if (outcome.status === 'done' || outcome.status === 'denied') outcomes.set(index, outcome)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    world.clock.advance(2)
  }
  for (const outcome of outcomes.values()) {
    expect(outcome, `seed ${seed}`).toMatchObject({ status: 'done', result: 1 })
  }
  expect(runs, `seed ${seed}`).toBe(1)
}

test.each([
  ['asks', asks],
  ['needs no approval', writes],
] as const)(
  'a policy that %s, a store that fails one time in ten, before or after it did what was asked: runs once, and is told',
  async (_, rules) => {
    await Promise.all(Array.from({ length: 12 }, (_unused, index) => story(rules, index + 1)))
  },
)
