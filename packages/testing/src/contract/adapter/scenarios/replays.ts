import { expect } from 'vitest'
import { type AdapterScenario, askedForFifty } from './scenario.ts'

/** Results of earlier runs. The app can tell them from those of its own calls. */
export const replays: readonly AdapterScenario[] = [
  {
    title: 'a result that is returned again says so, and when its run began',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      const backup = session.copy()
      const ran = Math.floor(session.clock.now() / 1000)
      const first = await session.turn({ start: 'resume', identity })
      expect(first).toMatchObject({ ended: 'answered', replayed: [] })
      session.pass(60)
      const again = await session.turn({ start: 'resume', identity, directory: backup })
      expect(again).toMatchObject({ ended: 'answered', replayed: [expect.any(Number)] })
      expect(Math.abs((again.replayed[0] ?? 0) - ran)).toBeLessThan(50)
      expect(await session.orders()).toBe(1)
    },
  },
]
