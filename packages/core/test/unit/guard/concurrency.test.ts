import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/index.ts'
import { policy } from '../../../src/index.ts'
import { asks, schema, smallWorld, user } from './small-world.ts'

/** A hundred calls take a busy machine longer than one call may last by default. */
const patient = { timeoutMs: 120_000 }
const slowly = () => new Promise((resolve) => setTimeout(resolve, 20))
const many = <T>(make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: 100 }, (_, index) => make(index)))
const statuses = (outcomes: readonly Outcome<unknown>[]) => new Set(outcomes.map(({ status }) => status))

describe('a hundred at once, over two guards on one store', () => {
  test('first calls of one slot ask the person once', async () => {
    const { guard, call, questions, failsToAsk } = smallWorld()
    const guards = [guard(patient), guard(patient)] as const
    failsToAsk(async () => void (await slowly()))
    const outcomes = await many((index) => guards[index % 2 === 0 ? 0 : 1].run(asks, call(), () => 'ran'))
    expect(statuses(outcomes)).toEqual(new Set(['interrupted']))
    expect(new Set(outcomes.map((outcome) => outcome.status === 'interrupted' && outcome.interrupt.id)).size).toBe(1)
    expect(questions).toHaveLength(1)
  })

  test('first calls of a hundred slots with one binding ask once, and all of them see its end', async () => {
    const { guard, call, questions, answers, clock } = smallWorld()
    const guards = [guard(patient), guard(patient)] as const
    const run = (index: number, body: () => unknown) =>
      guards[index % 2 === 0 ? 0 : 1].run(asks, call({ slot: `slot-${index}` }), body)
    await many((index) => run(index, () => 'ran'))
    expect(questions).toHaveLength(1)
    answers({ status: 'approved' })
    clock.advance(10)
    let runs = 0
    // Its sender may have lost so many swaps to the others that it still writes that it asked.
    const first = () => run(0, () => ++runs)
    await expect.poll(first, { timeout: 20_000 }).toMatchObject({ status: 'done', result: 1 })
    const replayed = await many((index) => run(index, () => ++runs))
    expect(replayed.every((outcome) => outcome.status === 'done' && outcome.result === 1)).toBe(true)
    expect(runs).toBe(1)
  })

  test('first calls under `perCall` ask for each slot, and once for each', async () => {
    const { guard, call, questions } = smallWorld()
    const guards = [guard(patient), guard(patient)] as const
    const perCall = policy(schema, { version: '1', approval: { message: () => 'Pay', perCall: true } })
    await many((index) =>
      guards[index % 2 === 0 ? 0 : 1].run(perCall, call({ slot: `slot-${index % 5}` }), () => 'ran'),
    )
    expect(questions).toHaveLength(5)
  })

  test(
    verifies('A2', 'resumes of one approval run the body once; the others are unavailable or told its result'),
    async () => {
      const { guard, call, answers, clock } = smallWorld()
      const guards = [guard(patient), guard(patient)] as const
      await guards[0].run(asks, call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(10)
      let runs = 0
      const outcomes = await many((index) =>
        guards[index % 2 === 0 ? 0 : 1].run(asks, call(), async () => {
          runs++
          await slowly()
          return { order: runs }
        }),
      )
      expect(runs).toBe(1)
      const done = outcomes.filter(({ status }) => status === 'done')
      const waiting = outcomes.filter(({ status }) => status === 'unavailable' || status === 'interrupted')
      expect(done.length + waiting.length).toBe(100)
      expect(done.length).toBeGreaterThan(0)
      for (const outcome of done) expect(outcome).toMatchObject({ result: { order: 1 } })
      for (const outcome of outcomes)
        if (outcome.status === 'unavailable') expect(outcome.retryAfter).toBeGreaterThan(0)
      expect(await guards[1].run(asks, call(), () => 'again')).toMatchObject({ status: 'done', result: { order: 1 } })
    },
  )

  test('resumes, cancels and revocations of one approval: the body runs once, or never', async () => {
    for (let round = 0; round < 5; round++) {
      const { guard, call, answers, clock } = smallWorld()
      const behalf = guard()
      const first = await behalf.run(asks, call(), () => 'ran')
      const id = first.status === 'interrupted' ? first.interrupt.id : ''
      answers({ status: 'approved' })
      clock.advance(10)
      await behalf.preflight(asks, call())
      let runs = 0
      await Promise.all([
        ...Array.from({ length: 20 }, () => behalf.run(asks, call(), () => ++runs)),
        // Refused where the revocation came first.
        behalf.approvals.cancel(id, { identity: user() }).catch(() => {}),
        behalf.revoke({ issuer: user().issuer, subject: 'ann' }),
      ])
      const view = await guard().run(asks, call({ identity: user({ claims: { iat: clock.now() } }) }), () => ++runs)
      expect(runs).toBeLessThanOrEqual(1)
      if (runs === 1) expect(view).toMatchObject({ status: 'done', result: 1 })
      else expect(view.status).toBe('denied')
    }
  })
})
