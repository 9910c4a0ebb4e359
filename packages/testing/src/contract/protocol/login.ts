import { verifyIdToken } from '@behalf/core/identity'
import { expect } from 'vitest'
import { authorize } from './authorize.ts'
import { GRANT, ORDER } from './raw.ts'
import type { Scenario } from './session.ts'

export const login: readonly Scenario[] = [
  {
    title: "the access token stands for the user, at the agent's own API",
    async run(session) {
      const { ann } = session.target.users
      const identity = await session.signIn(ann.subject)
      expect(identity).toMatchObject({
        kind: 'user',
        issuer: session.issuer,
        subject: ann.subject,
        clientId: session.agent.clientId,
        acr: 'urn:behalf:acr:password',
        authTime: expect.any(Number),
        sessionId: expect.any(String),
        claims: { roles: ['trader'] },
      })
    },
  },
  {
    title: 'the id_token stands for the same person, and repeats the nonce',
    async run(session) {
      const { idToken = '', nonce, accessToken } = await session.login()
      const options = { authorizationServer: session.profile(), nonce, accessToken, clock: session.clock }
      const user = await verifyIdToken(idToken, options)
      expect(user).toMatchObject({ subject: session.target.users.ann.subject, claims: { name: 'Ann Archer' } })
      const another = verifyIdToken(idToken, { ...options, nonce: 'another' })
      await expect(another).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    },
  },
  {
    title: 'neither token is taken for the other',
    async run(session) {
      const { idToken = '', accessToken } = await session.login()
      const asAccess = session.verify(idToken, session.agent.clientId)
      await expect(asAccess).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'type' })
      const asId = verifyIdToken(accessToken, { authorizationServer: session.profile(), clock: session.clock })
      await expect(asId).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    },
  },
  {
    title: 'a token is for the API that it was asked for, and for no other',
    async run(session) {
      const { agentResource, api } = session.target
      const { accessToken } = await session.login('ann', { resource: api.resource, scope: 'openid portfolio:read' })
      await expect(session.verify(accessToken, api.resource)).resolves.toMatchObject({ subject: 'ann' })
      const elsewhere = session.verify(accessToken, agentResource)
      await expect(elsewhere).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'audience' })
    },
  },
  {
    // A server with pages would show one without `prompt` (OpenID Connect Core §3.1.2.6).
    title: 'a silent login without a signed-in user fails',
    async run(session) {
      await session.controls.signInAs(undefined)
      const { error } = await authorize(session, { prompt: 'none' })
      expect(error).toBe('login_required')
    },
  },
  {
    title: 'a code works once, and for who holds its verifier',
    async run(session) {
      await session.controls.signInAs('ann')
      const first = await authorize(session)
      const stolen = await session.token({ ...first.redemption, code_verifier: 'x'.repeat(43) })
      expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      const { redemption } = await authorize(session)
      expect((await session.token(redemption)).status).toBe(200)
      expect(await session.token(redemption)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
  {
    title: 'a code of another client is worth nothing',
    async run(session) {
      await session.controls.signInAs('ann')
      const { redemption } = await authorize(session)
      const answer = await session.token(redemption, { client: session.target.clients.other })
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    },
  },
  {
    title: 'an unknown API is refused',
    async run(session) {
      await session.controls.signInAs('ann')
      expect((await authorize(session, { resource: 'https://nowhere.example/' })).error).toBe('invalid_target')
    },
  },
  {
    title: 'a request without PKCE is refused',
    async run(session) {
      await session.controls.signInAs('ann')
      const { error } = await authorize(session, { code_challenge: undefined, code_challenge_method: undefined })
      expect(error).toBe('invalid_request')
    },
  },
  {
    title: 'a redirect goes to registered places only',
    async run(session) {
      await session.controls.signInAs('ann')
      const { location, status } = await authorize(session, { redirect_uri: 'https://evil.example/callback' })
      expect({ location, status }).toEqual({ location: undefined, status: 400 })
    },
  },
  {
    title: 'a stronger login is had by asking for it',
    async run(session) {
      const identity = await session.signIn('ann', { parameters: { acr_values: 'urn:behalf:acr:mfa' } })
      expect(identity.acr).toBe('urn:behalf:acr:mfa')
    },
  },
  {
    title: 'max_age makes an old login new',
    async run(session) {
      const authTime = Math.floor(session.clock.now() / 1000) - 900
      const { accessToken } = await session.login('ann')
      const before = await session.verify(accessToken, session.target.agentResource)
      await session.controls.signInAs('ann', { authTime })
      const { redemption } = await authorize(session, { max_age: '60' })
      const { body } = await session.token(redemption)
      const after = await session.verify(String(body.access_token), session.target.agentResource)
      expect(after).toMatchObject({ authTime: expect.any(Number) })
      expect((after as { authTime: number }).authTime).toBeGreaterThanOrEqual((before as { authTime: number }).authTime)
    },
  },
  {
    title: 'what the user may not have is left out',
    async run(session) {
      const { api } = session.target
      await session.controls.changeUser('ann', { permissions: ['portfolio:read'] })
      const scope = 'openid portfolio:read trade:small'
      const { accessToken } = await session.login('ann', { resource: api.resource, scope })
      const { claims } = await session.server().verifyJwt(accessToken, { audience: api.resource })
      expect(String(claims.scope).split(' ')).not.toContain('trade:small')
      expect(String(claims.scope).split(' ')).toContain('portfolio:read')
    },
  },
  {
    title: 'authorization details that the user agreed to stand in answer and token',
    needs: ['authorization-details'],
    async run(session) {
      const { api } = session.target
      await session.controls.signInAs('ann')
      const { redemption } = await authorize(session, {
        resource: api.resource,
        scope: 'openid trade:write',
        authorization_details: JSON.stringify([ORDER]),
      })
      const { body } = await session.token(redemption)
      expect(body.authorization_details).toEqual([ORDER])
      const { claims } = await session.server().verifyJwt(String(body.access_token), { audience: api.resource })
      expect(claims.authorization_details).toEqual([ORDER])
    },
  },
  {
    title: 'details of a type that the API does not know are refused',
    needs: ['authorization-details'],
    async run(session) {
      await session.controls.signInAs('ann')
      const details = JSON.stringify([{ type: 'unknown' }])
      const { error } = await authorize(session, { authorization_details: details })
      expect(error).toBe('invalid_authorization_details')
    },
  },
  {
    title: 'every API answers for itself: an opaque token is for asking',
    async run(session) {
      const { opaqueResource } = session.target
      const { accessToken } = await session.login('ann', { resource: opaqueResource, scope: 'openid reports:read' })
      expect(accessToken.split('.')).toHaveLength(1)
      const { active, claims } = await session.server().introspect(accessToken)
      expect({ active, ...claims }).toMatchObject({
        active: true,
        sub: 'ann',
        client_id: session.agent.clientId,
        scope: expect.stringContaining('reports:read'),
        aud: opaqueResource,
      })
    },
  },
  {
    title: 'a grant that the server does not have is refused as such',
    async run(session) {
      const answer = await session.token({ grant_type: 'password', username: 'ann', password: 'x' })
      expect(answer).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } })
      expect(await session.token({ grant_type: GRANT.refresh })).toMatchObject({ body: { error: 'invalid_request' } })
    },
  },
]
