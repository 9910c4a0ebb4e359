import { expect } from 'vitest'
import { type AdapterScenario, buy, call, toTheEnd } from './scenario.ts'

const step = [
  call('call-1', 'create_order', buy(50)),
  call('call-2', 'create_order', buy(5)),
  call('call-3', 'create_order', buy(5, { portfolio: 'p-bob' })),
  call('call-4', 'create_order', buy(20, { symbol: 'MSFT' })),
  call('call-5', 'get_price', { symbol: 'AAPL' }),
]

export const parallel: readonly AdapterScenario[] = [
  {
    title: 'of the calls of one step some run, some are refused, some wait, and each only once',
    async run(session) {
      const identity = await session.login()
      const asked = await session.turn({ start: 'Buy a lot', identity, model: [step] })
      expect(asked.ended).toBe('paused')
      expect(asked.interrupts.length).toBeGreaterThan(0)
      expect((await session.questions()).toSorted()).toEqual(['Buy 20 shares of MSFT', 'Buy 50 shares of AAPL'])
      expect([await session.orders(), await session.orders('p-bob')]).toEqual([1, 0])
      await session.answer('approve', 'Buy 50 shares of AAPL')
      await session.answer('deny', 'Buy 20 shares of MSFT')
      const report = await toTheEnd(session, identity)
      expect([await session.orders(), await session.orders('p-bob')]).toEqual([2, 0])
      expect(report.model.saw).toContain('This action is not permitted.')
      expect(report.model.saw).toContain('The request for approval was denied.')
      expect(report.model.saw).toMatch(/\\?"quantity\\*":\s*50/)
      expect(report.model.saw).toMatch(/\\?"quantity\\*":\s*5\D/)
      expect(report.interrupts).toEqual([])
    },
  },
  {
    title: 'one answered question of two runs at most its own call',
    async run(session) {
      const identity = await session.login()
      await session.turn({ start: 'Buy a lot', identity, model: [step] })
      await session.answer('approve', 'Buy 50 shares of AAPL')
      for (const start of ['resume', 'forge', 'resume'] as const) {
        await session.turn({ start, identity, directory: session.copy(), model: ['Well.'] })
      }
      expect(await session.orders()).toBeLessThanOrEqual(2)
      expect(await session.questions()).toEqual(['Buy 20 shares of MSFT'])
    },
  },
]
