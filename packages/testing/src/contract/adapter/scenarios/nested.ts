import { expect } from 'vitest'
import type { AdapterSession } from '../adapter-session.ts'
import { type AdapterScenario, buy, call } from './scenario.ts'

/** A body that calls another guarded tool, in a guarded tool and in any other. */
const outer = ['order_twice', 'order_twice_plainly'] as const

async function nested(session: AdapterSession, tool: (typeof outer)[number], order: object, stream: boolean) {
  const plan = {
    identity: await session.login(),
    threadId: `thread-${tool}-${stream}`,
    stream,
    plainTools: ['order_twice_plainly'],
  } as const
  const report = await session.turn({ ...plan, start: 'Buy', model: [[call('call-1', tool, order)], 'Hm.'] })
  expect([tool, report.model.saw.includes('ordered twice')]).toEqual([tool, false])
  expect([tool, report.browser.includes('ordered twice')]).toEqual([tool, false])
  return { report, resume: () => session.turn({ ...plan, start: 'resume', model: ['Bought.'] }) }
}

/** Results that a body gets for a call that did not run. */
export const nestedCalls: readonly AdapterScenario[] = [
  {
    title: 'a call of a body that is refused throws, so that the body does not go on as if it had a result',
    needs: 'nestedCalls',
    async run(session) {
      for (const tool of outer) {
        for (const stream of [false, true]) await nested(session, tool, buy(5, { portfolio: 'p-bob' }), stream)
      }
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title:
      'a call of a body that has to wait for a person throws or pauses, so that the body does not go on without a result',
    needs: 'nestedCalls',
    async run(session) {
      let quantity = 50
      for (const tool of outer) {
        for (const stream of [false, true]) {
          const before = await session.orders()
          const { report, resume } = await nested(session, tool, buy(++quantity), stream)
          expect([tool, await session.orders()]).toEqual([tool, before])
          expect(await session.questions()).toContain(`Buy ${quantity} shares of AAPL`)
          // If the framework can pause inside a body, it runs the body again after the answer.
          if (report.ended !== 'paused') continue
          await session.answer('approve')
          expect((await resume()).model.saw).toContain('ordered twice')
          expect([tool, await session.orders()]).toEqual([tool, before + 2])
        }
      }
    },
  },
]
