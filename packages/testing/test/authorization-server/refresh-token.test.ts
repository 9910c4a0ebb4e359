import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { expect, test } from 'vitest'
import { headerOf, post, tokenRequest } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'

const world = sharedTarget()

const refresh = (refresh_token: string, more = {}, by = world.target.clients.agent) =>
  tokenRequest(world.target, { grant_type: 'refresh_token', refresh_token, ...more }, by)

test('a real client refreshes; the login stays the same, the token is new', async () => {
  const { config, tokens } = await login(world.target, { subject: 'ann' })
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token as string)
  expect(fresh.refresh_token).not.toBe(tokens.refresh_token)
  const [before, after] = [decodeJwt(tokens.access_token), decodeJwt(fresh.access_token)]
  expect(after).toMatchObject({ sub: 'ann', aud: before.aud, sid: before.sid, auth_time: before.auth_time })
  expect(after.jti).not.toBe(before.jti)
})

test('a rotated token that comes back ends the whole chain (RFC 9700 §4.14.2)', async () => {
  const { tokens } = await login(world.target, { subject: 'ann' })
  const second = await refresh(tokens.refresh_token as string)
  const replay = await refresh(tokens.refresh_token as string)
  expect([replay.status, replay.body.error]).toEqual([400, 'invalid_grant'])
  expect((await refresh(second.body.refresh_token)).body.error).toBe('invalid_grant')
})

test('a chain that ended leaves the chains of others alone', async () => {
  const ann = await login(world.target, { subject: 'ann' })
  const bob = await login(world.target, { subject: 'bob' })
  await world.target.authorizationServer.controls.revokeRefreshTokens('ann')
  expect((await refresh(ann.tokens.refresh_token as string)).body.error).toBe('invalid_grant')
  const { body } = await refresh(bob.tokens.refresh_token as string)
  expect(decodeJwt(body.access_token).sub).toBe('bob')
})

test('scopes can shrink and never grow (RFC 6749 §6)', async () => {
  const { tokens } = await login(world.target, { subject: 'ann', scope: 'openid chat offline_access' })
  const small = await refresh(tokens.refresh_token as string, { scope: 'chat' })
  expect(small.body.scope).toBe('chat')
  const more = await refresh(small.body.refresh_token, { scope: 'chat email' })
  expect(more.body.error).toBe('invalid_scope')
  const again = await refresh(small.body.refresh_token)
  expect(again.body.scope).toBe('openid chat offline_access')
})

test('a token is of no use to another client, nor for another API', async () => {
  const { tokens } = await login(world.target, { subject: 'ann' })
  const token = tokens.refresh_token as string
  expect((await refresh(token, {}, world.target.clients.other)).body.error).toBe('invalid_grant')
  expect((await refresh(token, { resource: world.target.api.resource })).body.error).toBe('invalid_target')
  expect((await refresh(token)).status).toBe(200)
})

test('revocation ends the chain, for the client that it belongs to (RFC 7009 §2)', async () => {
  const { target } = world
  const { config, tokens } = await login(target, { subject: 'ann' })
  const token = tokens.refresh_token as string
  const revoke = `${target.authorizationServer.issuer}oauth/revoke`
  expect((await post(revoke, { token }, headerOf(target.clients.other))).status).toBe(200)
  expect((await post(revoke, { token: 'unknown' }, headerOf(target.clients.agent))).status).toBe(200)
  expect((await post(revoke, { token })).body.error).toBe('invalid_client')
  const { body } = await refresh(token)
  await client.tokenRevocation(config, body.access_token)
  expect((await refresh(body.refresh_token)).body.error).toBe('invalid_grant')
})
