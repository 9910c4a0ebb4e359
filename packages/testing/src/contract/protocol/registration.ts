import { expect } from 'vitest'
import type { TargetClient } from '../../target/index.ts'
import { GRANT, type Raw, send } from './raw.ts'
import type { Scenario, Session } from './session.ts'

async function register(session: Session, metadata: object): Promise<Raw> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(metadata)
  return send(await session.endpoint('registration_endpoint'), { method: 'POST', headers, body })
}

const SERVICE = { grant_types: [GRANT.clientCredentials], response_types: [], redirect_uris: [] }

function clientOf({ body }: Raw): TargetClient {
  const authentication = { method: 'client_secret_basic', clientSecret: String(body.client_secret) } as const
  return { clientId: String(body.client_id), authentication }
}

function bearer(token: unknown): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } }
}

export const registration: readonly Scenario[] = [
  {
    title: 'a client registers itself, and works',
    async run(session) {
      const registered = await register(session, SERVICE)
      expect(registered.status).toBe(201)
      // RFC 7591 §3.2.1: required with a secret.
      expect(registered.body).toMatchObject({ client_secret_expires_at: 0, client_id_issued_at: expect.any(Number) })
      const { resource } = session.target.api
      const parameters = { grant_type: GRANT.clientCredentials, scope: 'portfolio:read', resource }
      expect((await session.token(parameters, { client: clientOf(registered) })).status).toBe(200)
    },
  },
  {
    title: 'an app with a user registers itself, and logs them in',
    async run(session) {
      const redirectUri = 'https://new.example/callback'
      const metadata = { redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'] }
      const registered = await register(session, metadata)
      const client: TargetClient = { ...clientOf(registered), redirectUri }
      expect((await session.signIn('ann', { client, scope: 'openid chat' })).clientId).toBe(client.clientId)
    },
  },
  {
    title: 'it may do what it registered for, and nothing else',
    async run(session) {
      const client = clientOf(await register(session, SERVICE))
      const answer = await session.token({ grant_type: GRANT.refresh, refresh_token: 'x' }, { client })
      expect(answer.status).toBe(400)
      expect(['unauthorized_client', 'invalid_request']).toContain(answer.body.error)
    },
  },
  {
    title: 'only the holder of the registration token may read and end the registration',
    async run(session) {
      const registered = await register(session, SERVICE)
      const { registration_access_token: token, registration_client_uri: uri } = registered.body
      expect((await send(String(uri), bearer('another'))).status).toBe(401)
      expect(await send(String(uri), bearer(token))).toMatchObject({
        status: 200,
        body: { client_id: registered.body.client_id },
      })
      expect((await send(String(uri), { ...bearer(token), method: 'DELETE' })).status).toBe(204)
      const after = await session.token({ grant_type: GRANT.clientCredentials }, { client: clientOf(registered) })
      expect(after).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    },
  },
  {
    title: 'a redirect with a fragment is refused',
    async run(session) {
      const answer = await register(session, { redirect_uris: ['https://new.example/callback#x'] })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
    },
  },
  {
    title: 'an unknown grant, and a key client without a key, are refused',
    async run(session) {
      for (const wrong of [{ grant_types: ['magic'] }, { token_endpoint_auth_method: 'private_key_jwt' }]) {
        const answer = await register(session, { ...SERVICE, ...wrong })
        expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
      }
    },
  },
]
