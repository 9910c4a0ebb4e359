import type { UserIdentity } from '@behalf/core'
import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import type { AdapterSession } from '../adapter-session.ts'
import { type AdapterScenario, buy, call, toTheEnd } from './scenario.ts'

/** Counts the results of an order that the model saw in its last request. */
const resultsOf = (saw: string, id: string | undefined): number => (id === undefined ? 0 : saw.split(id).length - 1)

const ids = async (session: AdapterSession, symbol = 'AAPL') =>
  (await session.servers.stockTrade.controls.orders('p-ann')).filter((one) => one.symbol === symbol).map(({ id }) => id)

/** Lets an order take a while, so that calls which a framework makes at the same time overlap. */
const slowOrders = ({ servers }: AdapterSession) =>
  servers.stockTrade.controls.fault('place-order', { delayMs: 200, times: 10 })

/** Lets the guard find the answers, as a watcher does, so that no call waits for its own poll. */
async function findAnswers(session: AdapterSession, identity: UserIdentity) {
  const { approvals } = session.guard()
  for (const { id } of await approvals.list({ identity, as: 'owner' })) await approvals.get(id, { identity })
}

/** Equal calls of one step, which a framework makes at the same time or one after the other. */
export const overlap: readonly AdapterScenario[] = [
  {
    title: verifies('A2', 'two equal approved calls of one step run once, both get the result, and a third call runs'),
    async run(session) {
      const identity = await session.login()
      const other = buy(20, { symbol: 'MSFT' })
      const model = [
        [
          call('call-1', 'create_order', buy(50)),
          call('call-2', 'create_order', buy(50)),
          call('call-3', 'create_order', other),
        ],
      ]
      const asked = await session.turn({ start: 'Buy a lot', identity, model })
      expect(asked.ended).toBe('paused')
      expect((await session.questions()).toSorted()).toEqual(['Buy 20 shares of MSFT', 'Buy 50 shares of AAPL'])
      await session.answer('approve', 'Buy 50 shares of AAPL')
      await session.answer('approve', 'Buy 20 shares of MSFT')
      await findAnswers(session, identity)
      await slowOrders(session)
      const report = await toTheEnd(session, identity)
      expect(report).toMatchObject({ interrupts: [], model: { requests: 1 } })
      expect(await session.attempts()).toBe(2)
      const [first] = await ids(session)
      expect(resultsOf(report.model.saw, first)).toBe(2)
      expect(resultsOf(report.model.saw, (await ids(session, 'MSFT'))[0])).toBe(1)
      expect(report.replayed).toEqual([expect.any(Number)])
    },
  },
  {
    title: 'two equal calls of one step that need no approval are two runs',
    async run(session) {
      const identity = await session.login()
      await slowOrders(session)
      const model = [[call('call-1', 'create_order', buy(5)), call('call-2', 'create_order', buy(5))], 'Bought.']
      const report = await session.turn({ start: 'Buy 5, twice', identity, model })
      expect(report).toMatchObject({ ended: 'answered', text: 'Bought.', replayed: [] })
      const all = await ids(session)
      expect(all).toHaveLength(2)
      for (const id of all) expect(report.model.saw).toContain(id)
    },
  },
  {
    title: 'with `perCall`, each of two equal calls of one step is asked about, and runs',
    async run(session) {
      const identity = await session.login()
      const model = [[call('call-1', 'order_per_call', buy(50)), call('call-2', 'order_per_call', buy(50))]]
      await session.turn({ start: 'Buy 50, twice', identity, model })
      const question = 'Buy 50 shares of AAPL'
      expect(await session.questions()).toEqual([question, question])
      await session.answer('approve')
      await session.answer('approve')
      const report = await toTheEnd(session, identity)
      const all = await ids(session)
      expect(all).toHaveLength(2)
      expect(all.map((id) => resultsOf(report.model.saw, id))).toEqual([1, 1])
    },
  },
]
