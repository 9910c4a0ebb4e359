import { expect } from 'vitest'
import { authorizationRequest, visit } from './authorize.ts'
import type { RawParameters } from './raw.ts'
import type { Scenario, Session } from './session.ts'

const ENDPOINT = 'pushed_authorization_request_endpoint'

export const pushedRequests: readonly Scenario[] = [
  {
    title: 'the user agrees to the pushed request, whatever the browser says',
    async run(session) {
      await session.controls.signInAs('ann')
      const { requestUri, verifier } = await push(session)
      const { clientId } = session.agent
      const query = { client_id: clientId, request_uri: requestUri, scope: 'openid trade:write' }
      const { redemption } = await visit(session, query, verifier)
      const { body } = await session.token(redemption)
      const identity = await session.verify(String(body.access_token), session.target.agentResource)
      expect(identity).toMatchObject({ subject: 'ann', claims: { scope: expect.not.stringContaining('trade') } })
    },
  },
  {
    title: 'a pushed request works once',
    async run(session) {
      await session.controls.signInAs('ann')
      const { requestUri, verifier } = await push(session)
      const query = { client_id: session.agent.clientId, request_uri: requestUri }
      const first = await visit(session, query, verifier)
      expect((await session.token(first.redemption)).status).toBe(200)
      const second = await visit(session, query, verifier)
      expect(second.redemption.code).toBe('')
      expect(second.location ?? '').not.toContain('code=')
    },
  },
  {
    title: 'only the client that pushed it can use it',
    async run(session) {
      await session.controls.signInAs('ann')
      const { requestUri, verifier } = await push(session)
      // A client with the same redirect URI, so that nothing else is wrong.
      const { clientId } = session.target.clients.agentWithKey
      const { redemption } = await visit(session, { client_id: clientId, request_uri: requestUri }, verifier)
      expect(redemption.code).toBe('')
    },
  },
  {
    title: 'a push needs the client to prove itself, and a request that could be granted',
    async run(session) {
      const { parameters } = await authorizationRequest(session)
      const client = { ...session.agent, authentication: { method: 'client_secret_basic', clientSecret: 'x' } } as const
      expect((await session.post(ENDPOINT, parameters, { client })).status).toBe(401)
      const wrong: readonly RawParameters[] = [
        { redirect_uri: 'https://evil.example/callback' },
        { code_challenge: undefined, code_challenge_method: undefined },
        { resource: 'https://nowhere.example/' },
      ]
      for (const changes of wrong) {
        expect((await session.post(ENDPOINT, { ...parameters, ...changes })).status, JSON.stringify(changes)).toBe(400)
      }
    },
  },
]

async function push(session: Session) {
  const { parameters, verifier } = await authorizationRequest(session)
  const { status, body } = await session.post(ENDPOINT, parameters)
  expect({ status, expires: typeof body.expires_in }).toEqual({ status: 201, expires: 'number' })
  return { requestUri: String(body.request_uri), verifier }
}
