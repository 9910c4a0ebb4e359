import { exchangeToken } from '@behalf/core/spi'
import { expect } from 'vitest'
import { GRANT, subjectToken } from './raw.ts'
import type { Scenario } from './session.ts'

export const revocation: readonly Scenario[] = [
  {
    title: 'a revoked refresh token is over, and so is what hung on it',
    needs: ['token-exchange'],
    async run(session) {
      const { refreshToken, accessToken } = await session.login()
      const identity = await session.verify(accessToken, session.target.agentResource)
      expect((await session.post('revocation_endpoint', { token: refreshToken })).status).toBe(200)
      const server = session.server()
      const late = server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(late).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_grant' })
      const exchanged = exchangeToken({
        authorizationServer: server,
        identity,
        subjectToken: subjectToken(accessToken),
        resource: session.target.api.resource,
        scopes: ['portfolio:read'],
        clock: session.clock,
      })
      await expect(exchanged).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_request' })
    },
  },
  {
    title: 'another client revokes nothing',
    async run(session) {
      const { refreshToken } = await session.login()
      await session.post('revocation_endpoint', { token: refreshToken }, { client: session.target.clients.other })
      const next = await session.server().grant(GRANT.refresh, { refresh_token: refreshToken })
      expect(next.accessToken).toEqual(expect.any(String))
    },
  },
  {
    title: 'revoking an unknown token is no error, and it stays inactive',
    async run(session) {
      expect((await session.post('revocation_endpoint', { token: 'unknown' })).status).toBe(200)
      expect(await session.server().introspect('unknown')).toMatchObject({ active: false })
    },
  },
  {
    title: 'introspection tells of a refresh token, until it is revoked',
    async run(session) {
      const { refreshToken = '' } = await session.login()
      const server = session.server()
      expect(await server.introspect(refreshToken)).toMatchObject({ active: true, claims: { sub: 'ann' } })
      await session.post('revocation_endpoint', { token: refreshToken })
      expect(await server.introspect(refreshToken)).toMatchObject({ active: false })
    },
  },
  {
    title: 'introspection needs client authentication',
    async run(session) {
      const authentication = { method: 'client_secret_basic', clientSecret: 'wrong' } as const
      const asked = await session.post(
        'introspection_endpoint',
        { token: 'x' },
        { client: { ...session.agent, authentication } },
      )
      expect(asked).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
      const open = await session.post(
        'introspection_endpoint',
        { token: 'x' },
        { client: session.target.clients.public },
      )
      expect(open.body.active).not.toBe(true)
    },
  },
]
