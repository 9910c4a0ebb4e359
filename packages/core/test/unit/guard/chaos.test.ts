import { expect, test } from 'vitest'
import { StoreError } from '../../../src/index.ts'
import { tapped } from '../approvals/harness.ts'
import { asks, smallWorld, writes } from './small-world.ts'

/** A small seeded generator: the same faults on every machine. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

test.each([
  ['asks', asks],
  ['asks nobody', writes],
] as const)(
  'a policy that %s, a store that fails one time in ten, before or after it did what was asked: runs once, and is told',
  async (_, rules) => {
    for (let seed = 1; seed <= 12; seed++) {
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
      const one = async (index: number) => {
        for (let tries = 0; tries < 200; tries++) {
          const outcome = await guards[index % 2 === 0 ? 0 : 1].run(rules, world.call(), async () => {
            await new Promise((resolve) => setTimeout(resolve, 1))
            return ++runs
          })
          if (outcome.status === 'done' || outcome.status === 'denied') return outcome
          await new Promise((resolve) => setTimeout(resolve, 5))
          world.clock.advance(1)
        }
        throw new Error('the slot is stuck')
      }
      const outcomes = await Promise.all(Array.from({ length: 8 }, (_unused, index) => one(index)))
      for (const outcome of outcomes) expect(outcome, `seed ${seed}`).toMatchObject({ status: 'done', result: 1 })
      expect(runs, `seed ${seed}`).toBe(1)
    }
  },
)
