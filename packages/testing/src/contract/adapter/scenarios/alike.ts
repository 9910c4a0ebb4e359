import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import { type AdapterScenario, buy, call } from './scenario.ts'

/** Calls that a framework or a model names alike, and that are different calls. */
export const alike: readonly AdapterScenario[] = [
  {
    title: verifies('A12', 'two equal writes of a body are two writes, in a guarded tool and in any other'),
    needs: 'nestedCalls',
    async run(session) {
      const identity = await session.login()
      const plainTools = ['order_twice_plainly'] as const
      // Runs in sequence: an equal write of another slot does not run while one is running.
      const model = [[call('call-1', 'order_twice', buy(5))], [call('call-2', 'order_twice_plainly', buy(5))]]
      const report = await session.turn({ start: 'Buy 5, four times', identity, plainTools, model })
      expect(report.ended).toBe('answered')
      expect(await session.orders()).toBe(4)
    },
  },
  {
    title: verifies(
      'A12',
      'calls of a body keep the arguments that they came with, where the body fills in one object for each of them',
    ),
    needs: 'nestedCalls',
    async run(session) {
      const identity = await session.login()
      const plainTools = ['order_by_one_object'] as const
      const model = [[call('call-1', 'order_by_one_object', buy(1))]]
      const report = await session.turn({ start: 'Buy', identity, plainTools, model })
      expect(report.model.saw).toContain('ordered by one object')
      const orders = await session.servers.stockTrade.controls.orders('p-ann')
      expect(orders.map(({ symbol, quantity }) => `${quantity} ${symbol}`).toSorted()).toEqual(['1 AAPL', '2 MSFT'])
    },
  },
  {
    title: verifies('A12', 'a call whose id the model used in an earlier turn is another call'),
    needs: 'repeatedInTurns',
    async run(session) {
      const identity = await session.login()
      for (const orders of [1, 2]) {
        await session.turn({ start: 'Buy 5', identity, model: [[call('call-1', 'create_order', buy(5))]] })
        expect(await session.orders()).toBe(orders)
      }
    },
  },
  {
    title: verifies('A12', 'a call whose id the model used in an earlier step is another call'),
    needs: 'repeatedInSteps',
    async run(session) {
      const identity = await session.login()
      const step = [call('call-1', 'create_order', buy(5))]
      await session.turn({ start: 'Buy 5, and again', identity, model: [step, step] })
      expect(await session.orders()).toBe(2)
    },
  },
  {
    title: 'a call that waits, whose id the model used before, goes on once its question is answered',
    needs: 'repeatedInTurns',
    async run(session) {
      const identity = await session.login()
      const step = [call('call-1', 'create_order', buy(50))]
      for (const orders of [1, 2]) {
        const asked = await session.turn({ start: 'Buy 50', identity, model: [step] })
        expect(asked).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 50 shares of AAPL' }] })
        await session.answer('approve')
        const backup = session.copy()
        expect(await session.turn({ start: 'resume', identity })).toMatchObject({ ended: 'answered' })
        await session.turn({ start: 'resume', identity, directory: backup })
        expect(await session.orders()).toBe(orders)
      }
    },
  },
  {
    title: 'a schema that fills in something else each time gives a call no second name',
    needs: 'randomDefaults',
    async run(session) {
      const identity = await session.login()
      const step = [call('call-1', 'order_by_reference', buy(50)), call('call-2', 'order_by_reference', buy(5))]
      const asked = await session.turn({ start: 'Buy 50 and 5', identity, model: [step] })
      expect(asked).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 50 shares of AAPL' }] })
      await session.answer('approve')
      expect(await session.turn({ start: 'resume', identity })).toMatchObject({ ended: 'answered', interrupts: [] })
      expect(await session.orders()).toBe(2)
      expect(await session.questions()).toEqual([])
    },
  },
]
