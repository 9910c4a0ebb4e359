import { expect } from 'vitest'
import { type AdapterScenario, askedForFifty, buy, call } from './scenario.ts'

export const interrupts: readonly AdapterScenario[] = [
  {
    title: 'a call that needs a person pauses the run with an interrupt that holds no secret',
    async run(session) {
      const { report } = await askedForFifty(session)
      expect(report.ended).toBe('paused')
      expect(report.interrupts).toMatchObject([
        { v: 1, kind: 'approval_pending', tool: 'create_order', message: 'Buy 50 shares of AAPL' },
      ])
      expect(report.model.requests).toBe(1)
      expect(await session.questions()).toEqual(['Buy 50 shares of AAPL'])
      const [asked] = await session.servers.authorizationServer.controls.pendingRequests()
      const kept = session.persisted() + report.browser + JSON.stringify(report.interrupts)
      expect(kept).toContain('Buy 50 shares of AAPL')
      expect(kept).not.toContain(asked?.authReqId)
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'streamed, it pauses and goes on the same way',
    async run(session) {
      const identity = await session.login()
      const asked = await session.turn({
        start: 'Buy 50',
        identity,
        stream: true,
        model: [[call('call-1', 'create_order', buy(50))]],
      })
      expect(asked).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 50 shares of AAPL' }] })
      await session.answer('approve')
      const report = await session.turn({ start: 'resume', identity, stream: true, model: ['Bought.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'after a restart an approved call runs once, and its result reaches the model',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('approve')
      const report = await session.turn({ start: 'resume', identity, model: ['Bought.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
      expect(report.model.saw).toMatch(/\\?"quantity\\*":\s*50/)
      expect(await session.orders()).toBe(1)
      const again = await session.turn({ start: 'resume', identity })
      expect(again.interrupts).toEqual([])
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'asked in one process that dies, approved, and carried out in another',
    needs: 'worker',
    async run(session) {
      const asked = await session.turnElsewhere({
        start: 'Buy 50',
        user: 'ann',
        model: [[call('call-1', 'create_order', buy(50))]],
      })
      expect(asked).toMatchObject({ ended: 'paused', interrupts: [{ message: 'Buy 50 shares of AAPL' }] })
      expect(await session.orders()).toBe(0)
      await session.answer('approve')
      const report = await session.turnElsewhere({ start: 'resume', user: 'ann', model: ['Bought.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
      expect(report.model.saw).toMatch(/\\?"quantity\\*":\s*50/)
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'resumed before there is an answer, it goes on waiting and does not ask again',
    async run(session) {
      const { identity, report } = await askedForFifty(session)
      for (let times = 0; times < 3; times++) {
        session.pass(2)
        const early = await session.turn({ start: 'resume', identity })
        expect(['paused', 'not_resumed']).toContain(early.ended)
        expect(early.interrupts.map(({ id }) => id)).toEqual(report.interrupts.map(({ id }) => id))
      }
      expect(await session.questions()).toEqual(['Buy 50 shares of AAPL'])
      expect(await session.orders()).toBe(0)
      await session.answer('approve')
      expect(await session.turn({ start: 'resume', identity })).toMatchObject({ ended: 'answered', interrupts: [] })
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'a person who says no is heard: nothing runs, and the model is told',
    async run(session) {
      const { identity } = await askedForFifty(session)
      await session.answer('deny')
      const report = await session.turn({ start: 'resume', identity, model: ['They said no.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'They said no.', interrupts: [] })
      expect(report.model.saw).toContain('The request for approval was denied. Do not try this action again')
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'a question that ran out runs nothing, and the model is told',
    async run(session) {
      await askedForFifty(session)
      session.pass(3700)
      const report = await session.turn({ start: 'resume', identity: await session.login(), model: ['Too late.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'Too late.', interrupts: [] })
      expect(report.model.saw).toContain('The request for approval expired.')
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'a connection that is missing pauses the run, and it goes on once the account is linked',
    async run(session) {
      const { controls } = session.servers.authorizationServer
      const identity = await session.login()
      await controls.disconnect('ann', 'stocktrade')
      const asked = await session.turn({
        start: 'My portfolio?',
        identity,
        model: [[call('call-1', 'get_portfolio', { portfolio: 'p-ann' })]],
      })
      expect(asked).toMatchObject({
        ended: 'paused',
        interrupts: [{ kind: 'connection_required', connection: 'stocktrade' }],
      })
      await controls.connect('ann', 'stocktrade', { upstreamSubject: 'st-1001', scopes: ['portfolio:read'] })
      const report = await session.turn({ start: 'resume', identity, model: ['There.'] })
      expect(report).toMatchObject({ ended: 'answered', text: 'There.', interrupts: [] })
      expect(report.model.saw).toContain('MSFT')
    },
  },
  {
    title: 'a policy that waits asks within the call, and pauses nothing',
    async run(session) {
      const identity = await session.login()
      const running = session.turn({
        start: 'Buy 50, I answer at once',
        identity,
        model: [[call('call-1', 'wait_and_order', buy(50))], 'Bought.'],
      })
      while ((await session.questions()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      await session.answer('approve')
      expect(await running).toMatchObject({ ended: 'answered', text: 'Bought.', interrupts: [] })
      expect(await session.orders()).toBe(1)
    },
  },
]
