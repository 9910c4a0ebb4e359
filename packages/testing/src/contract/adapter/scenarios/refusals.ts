import { expect } from 'vitest'
import { policies } from '../toolbox.ts'
import { type AdapterScenario, buy, call } from './scenario.ts'

const refused = (events: readonly { readonly type: string }[]) =>
  events.filter((event) => 'status' in event && event.status === 'denied').length

export const refusals: readonly AdapterScenario[] = [
  {
    title: 'a denial is told to the model in one fixed sentence, and not retried',
    async run(session) {
      const report = await session.turn({
        start: 'Buy 5 for Bob',
        identity: await session.login(),
        model: [[call('call-1', 'create_order', buy(5, { portfolio: 'p-bob' }))], 'I may not.'],
      })
      expect(report).toMatchObject({ ended: 'answered', text: 'I may not.', interrupts: [], model: { requests: 2 } })
      expect(report.model.saw).toContain('This action is not permitted.')
      expect(report.model.saw).not.toMatch(/fix your mistakes|OpenFGA|user_can_trade/i)
      expect(refused(session.audited)).toBe(1)
      expect(await session.orders('p-bob')).toBe(0)
    },
  },
  {
    title: 'an outage is told apart from a denial',
    async run(session) {
      const identity = await session.login()
      await session.servers.openFga.controls.fault('batch-check', { status: 503, times: Number.POSITIVE_INFINITY })
      const report = await session.turn({
        start: 'Buy 5',
        identity,
        guard: session.guard({ timeoutMs: 400 }),
        model: [[call('call-1', 'create_order', buy(5))], 'Later.'],
      })
      expect(report).toMatchObject({ ended: 'answered', text: 'Later.', interrupts: [] })
      expect(report.model.saw).toContain('did not answer. This call did nothing')
      expect(report.model.saw).not.toContain('not permitted')
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'input that the policy refuses reaches no body',
    async run(session) {
      const report = await session.turn({
        start: 'Buy minus five',
        identity: await session.login(),
        model: [[call('call-1', 'create_order', buy(-5))], 'Hm.'],
      })
      expect(report.ended).toBe('answered')
      expect(await session.orders()).toBe(0)
    },
  },
  {
    title: 'a guard that breaks refuses the call, and its fault stays with the app',
    async run(session) {
      const fault = () => Promise.reject(new TypeError('fault-of-the-guard'))
      const report = await session.turn({
        start: 'Who am I?',
        identity: await session.login(),
        guard: { ...session.guard(), run: fault, preflight: fault },
        model: [[call('call-1', 'whoami')], 'It failed.'],
      })
      expect(report).toMatchObject({ ended: 'answered', text: 'It failed.' })
      expect(report.model.saw + report.browser + session.persisted()).not.toContain('fault-of-the-guard')
      expect(session.errors.map(String)).toContain('TypeError: fault-of-the-guard')
    },
  },
  {
    title: 'why a call was refused by a fault of the set-up is told to the app once, and not to the model',
    async run(session) {
      const guard = session.guard()
      for (const id of ['call-1', 'call-2']) {
        const report = await session.turn({
          start: 'Who am I?',
          identity: { ...(await session.login()) },
          guard,
          directory: session.freshDirectory(),
          model: [[call(id, 'whoami')], 'It failed.'],
        })
        expect(report).toMatchObject({ ended: 'answered', text: 'It failed.' })
        expect(report.model.saw + report.browser).not.toContain('no verification of')
      }
      expect(session.errors.map(String)).toEqual([
        'ConfigurationError: whoami: was refused (identity_not_verified): no verification of @behalf/core returned this identity: pass what verifyRequest or signIn returned',
      ])
    },
  },
  {
    title: 'a tool that guard.visible hides is not offered, and does not run when it is called all the same',
    async run(session) {
      const identity = await session.login()
      const guard = session.guard()
      const { names } = await guard.visible(policies, identity)
      const tools = (Object.keys(policies) as (keyof typeof policies)[]).filter((name) => names.includes(name))
      const report = await session.turn({
        start: 'Audit me',
        identity,
        guard,
        tools,
        model: [[call('call-1', 'whoami')], [call('call-2', 'audit_desk')], 'No.'],
      })
      expect(report.model.offered).toContain('create_order')
      expect(report.model.offered).not.toContain('audit_desk')
      expect(report.model.saw).not.toContain('the books')
      const shown = await session.turn({
        start: 'Audit me',
        identity,
        guard,
        directory: session.freshDirectory(),
        model: [[call('call-1', 'audit_desk')], 'No.'],
      })
      expect(shown.model.offered).toContain('audit_desk')
      expect(shown.model.saw).toContain("The user's role does not allow this action.")
      expect(shown.model.saw).not.toContain('the books')
    },
  },
  {
    title: 'an unguarded tool beside guarded ones behaves as before, also where it fails',
    async run(session) {
      const report = await session.turn({
        start: 'Add',
        plainTools: ['add', 'fail_plainly'],
        model: [[call('call-1', 'add', { a: 1, b: 2 }), call('call-2', 'fail_plainly')], 'Three.'],
      })
      expect(report).toMatchObject({ ended: 'answered', text: 'Three.' })
      expect(report.model.saw).toContain('the sum is 3')
      expect(report.model.saw).toContain('the plain tool failed for its own reason')
    },
  },
]
