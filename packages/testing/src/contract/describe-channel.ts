import { describe, expect, test } from 'vitest'
import { type ChannelUnderTest, LIFETIME_SECONDS, OrderApp } from './channel-under-test.ts'

/** Longer than the longest wait in real time, milliseconds. */
const TEST_TIMEOUT = 120_000

/** Facts of a channel for {@link describeChannel}. */
export interface ChannelSubject {
  /** A fresh channel, and an app around it, for each test. */
  readonly create: () => Promise<ChannelUnderTest>
}

/**
 * Registers tests of the `ApprovalChannel` port's contract: a channel that passes approves exactly what its person
 * approved, once.
 *
 * Each test asks through a guard, brings an answer by `answer` or `forge`, and checks the guard's result.
 *
 * @param name - For the title, such as the channel's name.
 * @example
 * ```ts
 * import { describeChannel } from '@behalf/testing/contract'
 * import { chatUnderTest } from './chat-under-test.ts'
 *
 * describeChannel('chat', { create: () => chatUnderTest() })
 * ```
 */
export function describeChannel(name: string, { create }: ChannelSubject): void {
  const withApp = (run: (app: OrderApp) => Promise<void>) => async () => {
    const under = await create()
    try {
      await run(new OrderApp(under))
    } finally {
      await under.close()
    }
  }
  describe(`ApprovalChannel contract: ${name}`, { timeout: TEST_TIMEOUT }, () => {
    test(
      'sends the question of the policy, and a yes places the order once, with its evidence',
      withApp(async (app) => {
        const guard = app.process()
        const question = await app.asked(guard, 1)
        expect(question).toMatchObject({
          message: 'Buy 1 shares of AAPL',
          approver: { subject: app.under.user.subject },
        })
        await app.under.answer(question, 'approved', 'user')
        expect(await app.later(guard, 1)).toMatchObject({ status: 'done', result: 'placed' })
        expect(await app.order(guard, 1)).toMatchObject({ status: 'done', result: 'placed' })
        expect(app.placed).toEqual([1])
        const view = await guard.approvals.get(question.approvalId, { identity: app.under.user })
        expect(view?.evidence).toMatchObject({ method: expect.any(String) })
        expect(app.questions).toHaveLength(1)
      }),
    )

    test(
      'places no order without an answer',
      withApp(async (app) => {
        const guard = app.process()
        await app.asked(guard, 1)
        expect(await app.later(guard, 1)).toMatchObject({ status: 'interrupted' })
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'ends the question with a no, and a later yes changes nothing',
      withApp(async (app) => {
        const guard = app.process()
        const question = await app.asked(guard, 1)
        await app.under.answer(question, 'denied', 'user')
        expect(await app.later(guard, 1)).toMatchObject({ status: 'denied', code: 'approval_denied' })
        await app.attempt(app.under.answer(question, 'approved', 'user'))
        expect(await app.later(guard, 1)).toMatchObject({ status: 'denied', code: 'approval_denied' })
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'takes no answer of another person than the one who was asked',
      withApp(async (app) => {
        const guard = app.process()
        await app.attempt(app.under.answer(await app.asked(guard, 1), 'approved', 'other'))
        expect((await app.later(guard, 1)).status).toMatch(/^(interrupted|denied)$/)
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'takes no answer that no person gave',
      withApp(async (app) => {
        const guard = app.process()
        await app.attempt(app.under.forge(await app.asked(guard, 1)))
        expect((await app.later(guard, 1)).status).toMatch(/^(interrupted|denied)$/)
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'takes a yes to one question for no other one',
      withApp(async (app) => {
        const guard = app.process()
        const small = await app.asked(guard, 1)
        await app.asked(guard, 1_000)
        await app.under.answer(small, 'approved', 'user')
        expect(await app.later(guard, 1_000)).toMatchObject({ status: 'interrupted' })
        expect(await app.later(guard, 1)).toMatchObject({ status: 'done' })
        expect(app.placed).toEqual([1])
      }),
    )

    test(
      'takes a yes once: brought again, it approves no equal order',
      withApp(async (app) => {
        const guard = app.process()
        const question = await app.asked(guard, 1, 'first')
        await app.under.answer(question, 'approved', 'user')
        expect(await app.later(guard, 1, 'first')).toMatchObject({ status: 'done' })
        await app.asked(guard, 1, 'second')
        await app.attempt(app.under.answer(question, 'approved', 'user'))
        expect(await app.later(guard, 1, 'second')).toMatchObject({ status: 'interrupted' })
        expect(app.placed).toEqual([1])
      }),
    )

    test(
      'takes no answer after the end of the question',
      withApp(async (app) => {
        const guard = app.process()
        const question = await app.asked(guard, 1)
        await app.under.wait(LIFETIME_SECONDS)
        await app.attempt(app.under.answer(question, 'approved', 'user'))
        expect(await app.later(guard, 1)).toMatchObject({ status: 'denied', code: 'approval_expired' })
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'takes no answer to a question that was cancelled',
      withApp(async (app) => {
        const guard = app.process()
        const question = await app.asked(guard, 1)
        await guard.approvals.cancel(question.approvalId, { identity: app.under.user })
        await app.attempt(app.under.answer(question, 'approved', 'user'))
        expect(await app.later(guard, 1)).toMatchObject({ status: 'denied', code: 'approval_cancelled' })
        expect(app.placed).toEqual([])
      }),
    )

    test(
      'keeps what it needs in the record: another process goes on, and does not ask again',
      withApp(async (app) => {
        const question = await app.asked(app.process(), 1)
        await app.under.answer(question, 'approved', 'user')
        expect(await app.later(app.process(), 1)).toMatchObject({ status: 'done' })
        expect(app.questions).toHaveLength(1)
      }),
    )
  })
}
