import { expect } from 'vitest'
import { verifies } from '../../../requirements.ts'
import type { AdapterSession } from '../adapter-session.ts'
import type { AdapterReport } from '../adapter-subject.ts'
import { SECRET, untilHanging } from '../toolbox.ts'
import { type AdapterScenario, askedForFifty, call } from './scenario.ts'

/**
 * Checks that neither model, nor browser, nor the framework's stored state contains a token from the wire, or the
 * secret.
 */
function expectSilence(session: AdapterSession, report: AdapterReport): void {
  expect(session.secrets.size).toBeGreaterThan(1)
  const places = { model: report.model.saw, browser: report.browser, persisted: session.persisted() }
  for (const [place, text] of Object.entries(places)) {
    const shown = [...session.secrets, SECRET, 'hunter2'].filter((secret) => text.includes(secret)).length
    expect(`${place}: ${shown} secrets`).toBe(`${place}: 0 secrets`)
    // What only begins like a JWT is matched too: from each beginning, the rest would be read again.
    const jwts = [...text.matchAll(/eyJ(?:[\w-]{8,}(\.)|[\w-]*)/g)].filter(([, dot]) => dot !== undefined)
    expect(jwts, place).toEqual([])
  }
}

export const secrets: readonly AdapterScenario[] = [
  {
    title: verifies('I3', 'a token that a body returns reaches neither model nor browser nor checkpoint'),
    async run(session) {
      const identity = await session.login()
      for (const stream of [false, true]) {
        const report = await session.turn({
          start: 'Leak',
          identity,
          stream,
          threadId: `thread-${stream}`,
          model: [[call('call-1', 'leak')], 'Hm.'],
        })
        expect(report.ended).toBe('answered')
        expect(report.model.saw).toContain('leaked')
        expectSilence(session, report)
      }
    },
  },
  {
    title: verifies(
      'E4',
      "a token in one of the framework's own types reaches neither model nor browser nor checkpoint",
    ),
    needs: 'forms',
    async run(session) {
      const identity = await session.login()
      for (const form of session.subject.forms ?? []) {
        for (const stream of [false, true]) {
          const report = await session.turn({
            start: 'Leak',
            identity,
            stream,
            form,
            threadId: `thread-${form}-${stream}`,
            model: [[call('call-1', 'leak')], 'Hm.'],
          })
          expect([form, report.ended]).toEqual([form, 'answered'])
          expect(report.model.saw).toContain('leaked')
          expectSilence(session, report)
        }
      }
    },
  },
  {
    title: "a token in a question of a tool's own reaches neither browser nor checkpoint",
    needs: 'guardedQuestions',
    async run(session) {
      const identity = await session.login()
      for (const stream of [false, true]) {
        const threadId = `thread-${stream}`
        const model = [[call('call-1', 'ask_carelessly')]]
        const report = await session.turn({ start: 'Ask', identity, stream, threadId, model })
        expectSilence(session, report)
        expect(session.persisted()).toMatch(/Use \[token\]\?/)
        expect(session.errors.map(String)).toEqual([])
      }
    },
  },
  {
    title: 'what a body throws stays with the app: the model is told one fixed sentence',
    async run(session) {
      const identity = await session.login()
      for (const stream of [false, true]) {
        session.errors.length = 0
        const report = await session.turn({
          start: 'Fail',
          identity,
          stream,
          threadId: `thread-${stream}`,
          model: [[call('call-1', 'fail')], 'It failed.'],
        })
        expect(report).toMatchObject({ ended: 'answered', text: 'It failed.' })
        expect(report.model.saw).toContain('This tool failed. What it did before it failed is not known.')
        expect(report.model.saw).not.toContain('fix your mistakes')
        expectSilence(session, report)
        expect(session.errors).toHaveLength(1)
        expect(String(session.errors[0])).toContain(SECRET)
      }
    },
  },
  {
    title: 'a conversation that was approved and carried out keeps no token',
    async run(session) {
      const { identity, report } = await askedForFifty(session)
      expectSilence(session, report)
      await session.answer('approve')
      expectSilence(session, await session.turn({ start: 'resume', identity, model: ['Bought.'] }))
      expect(await session.orders()).toBe(1)
    },
  },
  {
    title: 'a generator keeps streaming, keeps its identity, and streams no token',
    needs: 'generators',
    async run(session) {
      const users = ['ann', 'bob'] as const
      const identities = { ann: await session.login('ann'), bob: await session.login('bob') }
      const reports = await Promise.all(
        users.map((user) =>
          session.turn({
            start: 'Watch',
            identity: identities[user],
            stream: true,
            threadId: user,
            model: [[call('call-1', 'watch_price', { symbol: 'AAPL' })], 'Watched.'],
          }),
        ),
      )
      for (const [index, report] of reports.entries()) {
        const user = users[index]
        expect(report).toMatchObject({ ended: 'answered', text: 'Watched.' })
        expect(report.browser).toContain(`first tick of AAPL for ${user}`)
        expect(report.browser).toContain(`second tick of AAPL for ${user}`)
        expect(report.browser).not.toContain(`AAPL for ${users[1 - index]}`)
        expect(report.model.saw).toContain(`watched AAPL for ${user}`)
        expectSilence(session, report)
      }
    },
  },
  {
    title: 'an abort reaches the body and ends the run',
    async run(session) {
      const hanging = untilHanging()
      const controller = new AbortController()
      const running = session.turn({
        start: 'Hang',
        identity: await session.login(),
        signal: controller.signal,
        model: [[call('call-1', 'hang')], 'Never said.'],
      })
      const signal = await hanging
      expect(signal?.aborted).toBe(false)
      controller.abort(new DOMException('enough', 'AbortError'))
      const report = await running
      expect(signal?.aborted).toBe(true)
      expect(report.ended).not.toBe('paused')
      expect(report.model.requests).toBe(1)
    },
  },
]
