import { expect } from 'vitest'
import { GRANT } from './raw.ts'
import type { Scenario } from './session.ts'

const invalidGrant = { code: 'ERR_OAUTH_RESPONSE', error: 'invalid_grant', status: 400 }

export const refresh: readonly Scenario[] = [
  {
    title: 'a refresh gives the same user a new token, and rotates',
    async run(session) {
      const { refreshToken } = await session.login()
      const next = await session.server().grant(GRANT.refresh, { refresh_token: refreshToken })
      expect(next.refreshToken).toEqual(expect.any(String))
      expect(next.refreshToken).not.toBe(refreshToken)
      const identity = await session.verify(next.accessToken, session.target.agentResource)
      expect(identity).toMatchObject({ subject: 'ann' })
    },
  },
  {
    title: 'a rotated token that comes back ends the whole chain',
    async run(session) {
      const { refreshToken } = await session.login()
      const server = session.server()
      const next = await server.grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(server.grant(GRANT.refresh, { refresh_token: refreshToken })).rejects.toMatchObject(invalidGrant)
      await expect(server.grant(GRANT.refresh, { refresh_token: next.refreshToken })).rejects.toMatchObject(
        invalidGrant,
      )
    },
  },
  {
    title: 'a refresh token is of no use to another client',
    async run(session) {
      const { refreshToken } = await session.login()
      const stolen = session.server(session.target.clients.other).grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(stolen).rejects.toMatchObject(invalidGrant)
    },
  },
  {
    title: 'without offline_access no refresh token is issued',
    async run(session) {
      expect(await session.login('ann', { scope: 'openid chat' })).not.toHaveProperty('refreshToken')
    },
  },
  {
    title: 'a refresh for another API than was granted is refused',
    async run(session) {
      const { refreshToken } = await session.login()
      const wider = session.server().grant(GRANT.refresh, {
        refresh_token: refreshToken,
        resource: session.target.api.resource,
      })
      await expect(wider).rejects.toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_target' })
    },
  },
  {
    title: 'when the chain of a user is ended, so is their refresh',
    async run(session) {
      const { refreshToken } = await session.login()
      await session.controls.revokeRefreshTokens('ann')
      const late = session.server().grant(GRANT.refresh, { refresh_token: refreshToken })
      await expect(late).rejects.toMatchObject(invalidGrant)
    },
  },
]
