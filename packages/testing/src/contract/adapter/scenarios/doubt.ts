import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import { type AdapterScenario, buy, call, toTheEnd, UNKNOWN } from './scenario.ts'

const FAILED = 'This tool failed. What it did before it failed is not known.'

/** Writes that threw, and may have had an effect. */
export const doubt: readonly AdapterScenario[] = [
  {
    title: verifies(
      'A13',
      'after a doubt, the word of the owner asks the approver who is someone else again, and tells of the doubt',
    ),
    async run(session) {
      const identity = await session.login()
      await session.turn({ start: 'Buy 5', identity, model: [[call('call-1', 'order_for_boss', buy(5))]] })
      expect(await session.questions('bob')).toEqual(['Buy 5 shares of AAPL'])
      const backup = session.copy()
      await session.answer('approve')
      expect((await toTheEnd(session, identity)).model.saw).toContain(FAILED)
      expect(await session.orders()).toBe(1)
      const { approvals } = session.guard()
      const [run] = await approvals.list({ identity, as: 'owner' })
      await approvals.resolve(run?.id ?? '', 'did_not_run', { identity })
      await session.turn({ start: 'resume', identity, directory: backup })
      expect(await session.attempts()).toBe(1)
      await session.turn({
        start: 'Again',
        identity,
        directory: session.freshDirectory(),
        threadId: 'thread-2',
        model: [[call('call-2', 'order_for_boss', buy(5))]],
      })
      expect(await session.attempts()).toBe(1)
      const asked = await session.questions('bob')
      expect(asked.length).toBeGreaterThan(0)
      for (const question of asked) expect(question).toMatch(/Repeat.*Buy 5 shares of AAPL|Buy 5 shares.*Repeat/)
    },
  },
  {
    title: verifies('A13', 'a write that threw is in doubt, although the API refused all that its credential sent'),
    async run(session) {
      const identity = await session.login()
      const steps = ['call-1', 'call-2', 'call-3'].map((id) => [call(id, 'pay_and_note', buy(5))])
      const report = await session.turn({ start: 'Pay', identity, model: [...steps, 'Ask your bank.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'Ask your bank.' })
      expect(await session.attempts()).toBe(1)
      expect(report.model.saw).toContain(FAILED)
      expect(report.model.saw).toContain(UNKNOWN)
      expect(report.model.saw).not.toMatch(/had no effect|action was not done|tried three times/)
    },
  },
  {
    title: 'an approved write that threw is asked about again, with a question that tells of the doubt',
    async run(session) {
      const identity = await session.login()
      await session.turn({ start: 'Pay', identity, model: [[call('call-1', 'pay_and_note', buy(50))]] })
      await session.answer('approve')
      const report = await toTheEnd(session, identity)
      expect(report.model.saw).toContain(FAILED)
      const again = await session.turn({
        start: 'Again',
        identity,
        directory: session.freshDirectory(),
        threadId: 'thread-2',
        model: [[call('call-2', 'pay_and_note', buy(50))]],
      })
      expect(again.ended).toBe('paused')
      expect(again.interrupts[0]?.message).toMatch(/Repeat.*unknown.*Buy 50 shares of AAPL/)
      expect(await session.attempts()).toBe(1)
    },
  },
  {
    title: verifies(
      'A13',
      'a guarded write within a body that then throws is done once, however often the model calls',
    ),
    needs: 'nestedCalls',
    async run(session) {
      const identity = await session.login()
      const steps = ['call-1', 'call-2', 'call-3'].map((id) => [call(id, 'order_within', buy(5))])
      const report = await session.turn({ start: 'Buy', identity, model: [...steps, 'It failed.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'It failed.' })
      expect(await session.attempts()).toBe(1)
      expect(report.model.saw).toContain(FAILED)
      expect(report.model.saw).toContain(UNKNOWN)
    },
  },
]
