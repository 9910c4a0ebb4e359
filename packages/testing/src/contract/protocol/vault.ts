import { auth0TokenVault, type VaultAnswer } from '@behalf/core/vault'
import { expect } from 'vitest'
import { GRANT } from './raw.ts'
import type { Scenario, Session } from './session.ts'

const needs = ['token-vault'] as const

async function ask(
  session: Session,
  scopes: readonly string[] = ['portfolio:read'],
  account?: string,
): Promise<VaultAnswer> {
  const identity = await session.signIn()
  return auth0TokenVault().token(
    { identity, connection: session.target.connection, scopes, ...(account !== undefined && { account }) },
    { authorizationServers: session.servers(), now: session.clock.now() },
  )
}

export const vault: readonly Scenario[] = [
  {
    title: "a linked account's token comes from the upstream, for the person's name there",
    needs,
    async run(session) {
      expect(await ask(session)).toMatchObject({ status: 'token', scopes: ['portfolio:read'] })
      const { accessToken } = await session.login()
      const { body } = await session.token({
        grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
        subject_token: accessToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
        connection: session.target.connection,
      })
      const { upstream, api, users } = session.target
      const profile = { ...session.profile(), issuer: upstream.issuer }
      const verified = await session.connect(profile).verifyJwt(String(body.access_token), { audience: api.resource })
      expect(verified.claims).toMatchObject({ iss: upstream.issuer, sub: users.ann.upstreamSubject })
      expect(body).not.toHaveProperty('refresh_token')
    },
  },
  {
    title: 'without a link no token is issued',
    needs,
    async run(session) {
      await session.controls.disconnect('ann', session.target.connection)
      expect(await ask(session)).toMatchObject({ status: 'not_connected' })
    },
  },
  {
    title: 'a link that the upstream ended has to be made again',
    needs,
    async run(session) {
      await session.target.upstream.controls.revokeRefreshTokens(session.target.users.ann.upstreamSubject)
      expect(await ask(session)).toMatchObject({ status: 'must_reconnect' })
    },
  },
  {
    title: 'scopes that the account was not linked with are told apart',
    needs,
    async run(session) {
      expect(await ask(session, ['portfolio:read', 'trade:write'])).toMatchObject({ status: 'needs_scopes' })
    },
  },
  {
    title: 'of two linked accounts the named one answers',
    needs,
    async run(session) {
      const { connection, users } = session.target
      const upstreamSubject = users.bob.upstreamSubject
      const second = await session.controls.connect('ann', connection, { upstreamSubject, scopes: ['trade:small'] })
      expect(await ask(session, ['trade:small'], second)).toMatchObject({ status: 'token' })
      expect(await ask(session, ['portfolio:read'], 'unknown')).toMatchObject({ status: 'not_connected' })
    },
  },
  {
    title: 'the session of a revoked chain opens no vault',
    needs,
    async run(session) {
      const identity = await session.signIn()
      await session.controls.revokeRefreshTokens('ann')
      const answer = await auth0TokenVault().token(
        { identity, connection: session.target.connection, scopes: ['portfolio:read'] },
        { authorizationServers: session.servers(), now: session.clock.now() },
      )
      expect(answer.status).toBe('login_required')
      await expect(session.server().grant(GRANT.refresh, { refresh_token: 'x' })).rejects.toMatchObject({
        error: 'invalid_grant',
      })
    },
  },
]
