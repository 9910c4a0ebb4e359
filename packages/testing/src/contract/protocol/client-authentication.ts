import { expect } from 'vitest'
import type { TargetClient } from '../../target/index.ts'
import { GRANT } from './raw.ts'
import type { Scenario, Session } from './session.ts'

export const clientAuthentication: readonly Scenario[] = [
  {
    title: 'a client proves itself by its secret, and gets a token of its own',
    run: (session) => getOwnToken(session, session.target.clients.agent),
  },
  {
    title: 'a client proves itself by its key, and gets a token of its own',
    run: (session) => getOwnToken(session, session.target.clients.agentWithKey),
  },
  {
    title: 'a wrong secret is refused',
    async run(session) {
      const authentication = { method: 'client_secret_basic', clientSecret: 'wrong' } as const
      const granted = session.server(session.agent, { authentication }).grant(GRANT.clientCredentials, {})
      await expect(granted).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_client', status: 401 })
    },
  },
  {
    title: 'an assertion by another key is refused',
    async run(session) {
      const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
      const authentication = { method: 'private_key_jwt', privateKey, algorithm: 'ES256' } as const
      const { agentWithKey } = session.target.clients
      const granted = session.server(agentWithKey, { authentication }).grant(GRANT.clientCredentials, {})
      await expect(granted).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_client', status: 401 })
    },
  },
  {
    title: 'a public client has no token of its own',
    async run(session) {
      const answer = await session.token(
        { grant_type: GRANT.clientCredentials },
        { client: session.target.clients.public },
      )
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.body).not.toHaveProperty('access_token')
    },
  },
  {
    title: 'a public client logs its user in',
    async run(session) {
      const identity = await session.signIn('ann', { client: session.target.clients.public })
      expect(identity).toMatchObject({ subject: 'ann', clientId: session.target.clients.public.clientId })
    },
  },
]

async function getOwnToken(session: Session, client: TargetClient): Promise<void> {
  const { api } = session.target
  const server = session.server(client)
  const { accessToken } = await server.grant(GRANT.clientCredentials, {
    scope: 'portfolio:read',
    resource: api.resource,
  })
  const identity = await session.verify(accessToken, api.resource, server.profile)
  expect(identity).toMatchObject({ kind: 'agent', clientId: client.clientId })
}
