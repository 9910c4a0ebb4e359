import { expect } from 'vitest'
import { ask, rawRequest } from './backchannel.ts'
import type { RawParameters } from './raw.ts'
import type { Scenario } from './session.ts'

const needs = ['ciba'] as const

function refused(title: string, errors: readonly string[], wrong: RawParameters): Scenario {
  return {
    title,
    needs,
    async run(session) {
      const { status, body } = await rawRequest(session, wrong)
      expect({ status, known: errors.includes(String(body.error)), body }).toMatchObject({ status: 400, known: true })
      expect(await session.controls.pendingRequests()).toEqual([])
    },
  }
}

export const cibaRequests: readonly Scenario[] = [
  {
    title: 'the person sees who asks, and what for',
    needs: ['ciba', 'authorization-details'],
    async run(session) {
      const { asked } = await ask(session)
      expect(asked).toMatchObject({ interval: 1, expiresAt: expect.any(Number) })
      expect(await session.controls.pendingRequests('ann')).toMatchObject([
        {
          clientId: session.agent.clientId,
          subject: 'ann',
          bindingMessage: 'Buy 50 shares of AAPL',
          authorizationDetails: [{ type: 'stock_order', quantity: 50 }],
          audience: [session.target.api.resource],
          scopes: expect.arrayContaining(['trade:write']),
        },
      ])
      expect(await session.controls.pendingRequests('bob')).toEqual([])
    },
  },
  {
    title: 'the request lives as long as was asked, and not longer',
    needs,
    async run(session) {
      const { asked } = await ask(session, { expiresAt: Math.floor(session.clock.now() / 1000) + 30 })
      expect(asked.expiresAt).toBeLessThanOrEqual(session.clock.now() / 1000 + 30)
      expect(asked.expiresAt).toBeGreaterThan(session.clock.now() / 1000 + 20)
    },
  },
  {
    title: 'an unknown user cannot be asked',
    needs,
    async run(session) {
      const approver = { issuer: session.issuer, subject: 'unknown' }
      await expect(ask(session, { approver })).rejects.toMatchObject({
        code: 'ERR_OAUTH_RESPONSE',
        error: 'unknown_user_id',
      })
    },
  },
  refused('a message that no phone can show is refused', ['invalid_binding_message'], {
    binding_message: 'Kauf\u202E!',
  }),
  // CIBA Core §7.1 requires it, and does not define the error without it.
  refused('a request without openid is refused', ['invalid_scope', 'invalid_request'], { scope: 'trade:write' }),
  refused('a request without a hint is refused', ['invalid_request'], { login_hint: undefined }),
  refused('two hints are refused', ['invalid_request'], { login_hint_token: 'x' }),
  refused('a life time that is no positive integer is refused', ['invalid_request'], { requested_expiry: '-1' }),
  refused('an unknown API is refused', ['invalid_target'], {
    resource: 'https://nowhere.example/',
    authorization_details: undefined,
  }),
  refused('details of another type are refused', ['invalid_authorization_details'], {
    authorization_details: JSON.stringify([{ type: 'unknown' }]),
  }),
  {
    title: 'a public client cannot ask for an approval',
    needs,
    async run(session) {
      expect((await rawRequest(session, {}, session.target.clients.public)).status).toBeGreaterThanOrEqual(400)
      expect(await session.controls.pendingRequests()).toEqual([])
    },
  },
  {
    title: 'in ping mode a request needs what the ping will be proved with',
    needs,
    async run(session) {
      const { agentWithPing } = session.target.clients
      const missing = await rawRequest(session, {}, agentWithPing)
      expect(missing).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
      const tooLong = await rawRequest(session, { client_notification_token: 'x'.repeat(1025) }, agentWithPing)
      expect(tooLong).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
      const noBearer = await rawRequest(session, { client_notification_token: 'two words' }, agentWithPing)
      expect(noBearer).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    },
  },
]
