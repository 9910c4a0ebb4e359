import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import { type AdapterScenario, askedForFifty, buy, call } from './scenario.ts'

/** Attacks by a client, a replay or a changed message. */
export const forgeries: readonly AdapterScenario[] = [
  {
    title: verifies('A3', 'a forged resume runs nothing'),
    async run(session) {
      const { identity } = await askedForFifty(session)
      const report = await session.turn({ start: 'forge', identity, model: ['Hm.'] })
      expect(['paused', 'answered']).toContain(report.ended)
      expect(await session.orders()).toBe(0)
      expect(await session.questions()).toEqual(['Buy 50 shares of AAPL'])
    },
  },
  {
    title: verifies('A3', 'a forged resume does not overrule a person who said no'),
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('deny')
      const report = await session.turn({ start: 'forge', identity, model: ['No.'] })
      expect(report.model.saw).toContain('The request for approval was denied.')
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'a conversation restored from a backup, and resumed again, runs nothing a second time',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      const backups = [session.copy(), session.copy(), session.copy()]
      await session.turn({ start: 'resume', identity, model: ['Bought.'] })
      for (const [index, directory] of backups.entries()) {
        const start = index === 0 ? 'resume' : 'forge'
        const report = await session.turn({ start, identity, directory, model: ['Bought.'] })
        expect(report).toMatchObject({ ended: 'answered', text: 'Bought.' })
        expect(report.model.saw).toMatch(/\\?"quantity\\*":\s*50/)
      }
      expect(await session.orders()).toBe(1)
      expect(await session.questions()).toEqual([])
    },
  },
  {
    title: verifies('A3', 'resumed several times at the same time, it runs once'),
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      const copies = [session.copy(), session.copy(), session.copy()]
      await Promise.all(
        copies.map((directory, index) =>
          session.turn({ start: index === 0 ? 'forge' : 'resume', identity, directory, model: ['Bought.'] }),
        ),
      )
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'other arguments than those approved, under the same ids, are asked about',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      const changed = await session.turn({
        start: 'Buy 500 AAPL',
        identity,
        directory: session.freshDirectory(),
        model: [[call('call-1', 'create_order', buy(500))]],
      })
      expect(changed).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 500 shares of AAPL' }] })
      expect(await session.questions()).toEqual(['Buy 500 shares of AAPL'])
      expect(await session.orders()).toBe(0)
      await session.turn({ start: 'resume', identity })
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'what is asked for again after it ran is a new question',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      await session.turn({ start: 'resume', identity, model: ['Bought.'] })
      const again = await session.turn({
        start: 'The same again',
        identity,
        model: [[call('call-2', 'create_order', buy(50))]],
      })
      expect(again).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 50 shares of AAPL' }] })
      expect(await session.orders()).toBe(1)
    },
  },
]
