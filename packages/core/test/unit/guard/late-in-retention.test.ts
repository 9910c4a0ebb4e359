import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { HadNoEffect } from '../../../src/index.ts'
import { blind } from './in-doubt-world.ts'
import { asks, smallWorld, user, writes } from './small-world.ts'

const DAY = 86_400

/** Calls of one slot by a user whose proof is always new. */
function world() {
  const { guard, call, clock, answers, questions } = smallWorld()
  const behalf = guard()
  const identity = () => user({ claims: { iat: clock.now() / 1000 } })
  let runs = 0
  const run = (rules: typeof writes) => behalf.run(rules, call({ slot: 'one', identity: identity() }), () => ++runs)
  return { answers, questions, behalf, call, clock, identity, run, runs: () => runs }
}

describe('a slot finds its run for 30 days after the last that became of it (A12)', () => {
  test(verifies('A12', 'a run in doubt that was resolved as "ran" on day 29, called on day 31'), async () => {
    const { behalf, call, clock, identity, run, runs } = world()
    const throws = () => Promise.reject(new Error('gone'))
    await expect(behalf.run(blind, call({ slot: 'one' }), throws)).rejects.toThrow('gone')
    clock.advance(29 * DAY)
    const [stuck] = await behalf.approvals.list({ identity: identity(), as: 'owner' })
    await behalf.approvals.resolve(stuck?.id ?? '', 'ran', { identity: identity(), result: 'paid' })
    for (const days of [2, 27]) {
      clock.advance(days * DAY)
      expect(await run(blind)).toMatchObject({ status: 'done', result: 'paid' })
    }
    expect(runs()).toBe(0)
  })

  test(verifies('A12', 'a run of 100 slots, each of them; another slot has a run of its own'), async () => {
    const { behalf, call, clock, identity, answers, questions } = world()
    const at = (slot: number) => call({ slot: `slot ${slot}`, identity: identity() })
    for (let slot = 0; slot <= 100; slot++) await behalf.preflight(asks, at(slot))
    expect(questions).toHaveLength(2)
    answers({ status: 'approved' })
    clock.advance(6)
    await expect(behalf.run(asks, at(0), () => Promise.reject(new Error('gone')))).rejects.toThrow('gone')
    clock.advance(29 * DAY)
    for (const { id, run } of await behalf.approvals.list({ identity: identity(), as: 'owner' })) {
      if (run === 'crashed') await behalf.approvals.resolve(id, 'ran', { identity: identity(), result: 'paid' })
    }
    clock.advance(4 * DAY)
    for (const slot of [0, 1, 99]) {
      expect(await behalf.run(asks, at(slot), () => 'again'), `slot ${slot}`).toMatchObject({ result: 'paid' })
    }
  })

  test('a run whose process died, seen for the first time on day 29, called on day 31', async () => {
    const { behalf, call, clock, run, runs } = world()
    const began = Promise.withResolvers<void>()
    void behalf.run(blind, call({ slot: 'one' }), () => {
      began.resolve()
      return new Promise(() => {})
    })
    await began.promise
    for (const days of [29, 2, 27]) {
      clock.advance(days * DAY)
      expect(await run(blind)).toMatchObject({ code: 'unknown_outcome' })
    }
    expect(runs()).toBe(0)
  })

  test(
    verifies('A12', 'a run that started 23 hours after it was created, called an hour before its 30 days end'),
    async () => {
      const { behalf, call, clock, run, runs } = world()
      const fails = () => Promise.reject(new HadNoEffect(new Error('closed at night')))
      await expect(behalf.run(writes, call({ slot: 'one' }), fails)).rejects.toBeInstanceOf(HadNoEffect)
      clock.advance(23 * 3600)
      expect(await run(writes)).toMatchObject({ status: 'done', result: 1 })
      clock.advance(30 * DAY - 3600)
      expect(await run(writes)).toMatchObject({ status: 'done', result: 1 })
      expect(runs()).toBe(1)
    },
  )

  test('a run whose body took three days, called 29 days after its end', async () => {
    const { behalf, call, clock, identity, run, runs } = world()
    const outcome = await behalf.run(writes, call({ slot: 'one', identity: identity() }), async function* () {
      yield 'paying'
      return 'paid'
    })
    const flow = outcome.status === 'done' ? outcome.result : undefined
    await flow?.next()
    // Its process lives, and its lease is renewed: the clock of this test only says when it ends.
    clock.advance(3 * DAY)
    while (!(await flow?.next())?.done);
    clock.advance(29 * DAY)
    expect(await run(writes)).toMatchObject({ status: 'done', result: 'paid' })
    expect(runs()).toBe(0)
  })
})
