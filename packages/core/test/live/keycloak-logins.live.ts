import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { audience, KEYCLOAK_URL } from '../../../../scripts/servers/keycloak-realm.ts'
import { createSessions } from '../../src/entrypoints/identity.ts'
import { type DevicePrompt, deviceLogin } from '../../src/entrypoints/node.ts'
import { createGuard, memoryStore } from '../../src/index.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { AGENT, CALLBACK, createAgentRealm, FRONT, login, profileAt } from './live-agent.ts'

const REALM = 'behalf-live-logins'
const DEVICE_SECONDS = 12

describe.runIf(KEYCLOAK_URL !== undefined)(
  'a real Keycloak: sessions, refreshes and devices',
  { timeout: 60_000 },
  () => {
    const profile = profileAt(REALM)
    const trust = { authorizationServer: profile, audience: AGENT.clientId }
    const server = connectAuthorizationServer(profile, { fetch, clock: { now: Date.now }, timeoutMs: 10_000 })
    let realm: Awaited<ReturnType<typeof createAgentRealm>>
    beforeAll(async () => {
      // A refresh token is good once.
      const rotation = { revokeRefreshToken: true, refreshTokenMaxReuse: 0 }
      realm = await createAgentRealm(REALM, { ...rotation, oauth2DeviceCodeLifespan: DEVICE_SECONDS })
    }, 120_000)

    const refresh = (token: string | undefined) => server.grant('refresh_token', { refresh_token: token })
    const gone = { error: 'invalid_grant' }

    test('a sign-in at the level and age that were asked for; UserInfo is of the user; a logout ends the login', async () => {
      const { tokens, identity, signIn } = await login(realm, { scope: 'openid email', maxAgeSeconds: 60 })
      expect(await signIn.userInfo(identity)).toMatchObject({ sub: realm.annId, email: 'ann@behalf.example' })
      const page = await signIn.logoutUrl({ identity })
      expect((await realm.browse(page ?? '')).href).toBe(FRONT)
      await expect(refresh(tokens.refreshToken)).rejects.toMatchObject(gone)
      await expect(signIn.userInfo(identity)).rejects.toMatchObject({ reason: 'inactive' })
      await expect(login(realm, { acrValues: ['gold'] })).rejects.toMatchObject({ reason: 'claims' })
    })

    test('a sign-in that the person or the server refuses says which of the two', async () => {
      const clientId = 'careful'
      const clientSecret = `${clientId}-secret`
      await realm.client({ clientId, secret: clientSecret, redirectUris: [CALLBACK], consentRequired: true })
      const refusing = { ...realm, browse: (url: URL | string) => realm.browse(url, 'no') }
      const asked = login(refusing, { profile: profileAt(REALM, { clientId, clientSecret }) })
      await expect(asked).rejects.toMatchObject({ reason: 'declined' })
      const silent = login(realm, { parameters: { prompt: 'none' } })
      await expect(silent).rejects.toMatchObject({ reason: 'provider', error: 'login_required' })
    })

    test('logins of one browser without offline_access share a session: one that replaces the other goes on, also after one that was too weak', async () => {
      const cookies = new Map<string, string>()
      const browser = { ...realm, browse: (url: URL | string) => realm.browse(url, 'yes', cookies) }
      let aheadMs = 0
      const clock = { now: () => Date.now() + aheadMs }
      const sessions = createSessions({ ...trust, store: memoryStore({ clock }), clock })
      const first = await login(browser)
      const { id: before } = await sessions.create(first.tokens, { nonce: first.nonce })
      const second = await login(browser)
      expect(second.identity.sessionId).toBe(first.identity.sessionId)
      const { id } = await sessions.create(second.tokens, { nonce: second.nonce, replaces: before })
      await expect(login(browser, { acrValues: ['gold'] })).rejects.toMatchObject({ reason: 'claims' })
      // Access tokens live for 300 seconds.
      aheadMs = 290_000
      expect(await sessions.identity(before)).toMatchObject({ status: 'login_required' })
      expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
    })

    test('a session renews its token once for all that ask, and stores the rotated refresh token', async () => {
      const clientId = 'short-lived'
      await realm.client({
        ...{ clientId, secret: 'short-lived-secret', redirectUris: [CALLBACK] },
        attributes: { 'access.token.lifespan': '8' },
        protocolMappers: [audience('self', clientId)],
      })
      const sent: string[] = []
      const counting: typeof fetch = (input, init) => {
        if (String(init?.body).includes('refresh_token=')) sent.push(String(init?.body))
        return fetch(input, init)
      }
      const authorizationServer = profileAt(REALM, { clientId, clientSecret: 'short-lived-secret' })
      const options = { authorizationServer, audience: clientId, store: memoryStore(), fetch: counting }
      const sessions = createSessions(options)
      const { tokens, nonce } = await login(realm, { profile: authorizationServer, scope: 'openid offline_access' })
      const { id, identity: before } = await sessions.create(tokens, { nonce })
      await wait(8_500)
      const answers = await Promise.all(Array.from({ length: 5 }, () => sessions.identity(id)))
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill('verified'))
      expect(sent).toHaveLength(1)
      const [answer] = answers
      const after = answer?.status === 'verified' ? answer.identity : undefined
      expect(after?.claims.jti).not.toBe(before.claims.jti)
      expect(after?.claims.auth_time).toBe(before.claims.auth_time)
      // The one of the login was good once; the next renewal has the one that came for it.
      await wait(8_500)
      expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
      await realm.admin('POST', `/users/${realm.annId}/logout`)
      await realm.admin('DELETE', `/users/${realm.annId}/consents/${clientId}`)
      await wait(8_500)
      expect(await sessions.identity(id)).toMatchObject({ status: 'login_required' })
    })

    test('a logout reaches the server', async () => {
      const sessions = createSessions({ ...trust, store: memoryStore() })
      const { tokens, nonce } = await login(realm, { scope: 'openid offline_access' })
      const { id } = await sessions.create(tokens, { nonce })
      expect(await sessions.identity(id)).toMatchObject({ status: 'verified' })
      await sessions.end(id)
      await expect(refresh(tokens.refreshToken)).rejects.toMatchObject(gone)
    })

    test('a revoked login stays revoked after a refresh at the server, by its auth_time', async () => {
      const store = memoryStore()
      const sessions = createSessions({ ...trust, store })
      const guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:trader' }, store, sessions })
      const { tokens } = await login(realm)
      await guard.revoke({ issuer: realm.issuer, subject: realm.annId })
      const renewed = await refresh(tokens.refreshToken)
      const answer = { access_token: renewed.accessToken, token_type: 'Bearer', id_token: renewed.idToken }
      await expect(sessions.create(answer)).rejects.toMatchObject({ reason: 'inactive' })
    })

    test('revocation: a refresh token is refused afterwards, and an access token is inactive', async () => {
      const { tokens } = await login(realm)
      expect(await server.introspect(tokens.accessToken)).toMatchObject({ active: true })
      await server.revoke(tokens.accessToken, { hint: 'access_token' })
      expect(await server.introspect(tokens.accessToken)).toMatchObject({ active: false })
      await server.revoke(String(tokens.refreshToken), { hint: 'refresh_token' })
      await expect(refresh(tokens.refreshToken)).rejects.toMatchObject(gone)
      await server.revoke('a token that it does not know')
    })

    describe('a device', () => {
      async function begin(shown: (prompt: DevicePrompt) => void) {
        return deviceLogin({
          authorizationServer: profile,
          application: 'live',
          folder: await mkdtemp(join(tmpdir(), 'behalf-live-')),
          show: shown,
        })
      }
      const complete = ({ verificationUriComplete, verificationUri }: DevicePrompt) =>
        verificationUriComplete ?? verificationUri

      test('is signed in when the person agrees, stays so, and is signed out at the server', async () => {
        const device = await begin((prompt) => void realm.browse(complete(prompt)))
        expect(await device.login()).toMatchObject({ status: 'verified', identity: { subject: realm.annId } })
        expect(await device.identity()).toMatchObject({ status: 'verified' })
        await device.logout()
        expect(await device.identity()).toMatchObject({ status: 'login_required' })
      })

      test('is denied when the person refuses', async () => {
        const device = await begin((prompt) => void realm.browse(complete(prompt), 'no'))
        expect(await device.login()).toEqual({ status: 'denied' })
      })

      test('is told that its code expired', async () => {
        const device = await begin(() => {})
        expect(await device.login()).toEqual({ status: 'expired' })
      })

      test('waits at the pace it was told, and stops when it is aborted', async () => {
        const shown: DevicePrompt[] = []
        const controller = new AbortController()
        const device = await begin((prompt) => void shown.push(prompt))
        const ended = device.login({ signal: controller.signal }).catch((error: Error) => error)
        await wait(7_000)
        expect(shown[0]).toMatchObject({ verificationUri: expect.stringContaining('/device') })
        controller.abort()
        expect(await ended).toMatchObject({ name: 'AbortError' })
      })
    })
  },
)
