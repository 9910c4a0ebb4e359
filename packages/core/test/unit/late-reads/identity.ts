import { type Entries, port } from '@behalf/testing/late-reads'
import { expect } from 'vitest'
import { authorizeOnDevice } from '../../../src/entrypoints/device-login.ts'
import {
  createIntrospection,
  createSessions,
  createSignIn,
  requestAgentIdentity,
  requestTokenSource,
  verifyIdToken,
  verifyTokenResponse,
} from '../../../src/entrypoints/identity.ts'
import { memoryStore, verifyAccessToken, verifyRequest } from '../../../src/index.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { memoryFile } from '../sign-in/device-server.ts'
import {
  accessToken,
  ann,
  answer,
  audience,
  bearer,
  device,
  idToken,
  issuer,
  profile,
  signal,
  surroundings,
} from './issuer.ts'

const sessions = () => createSessions({ authorizationServer: profile, store: memoryStore() })
const signIn = () =>
  createSignIn({ authorizationServer: profile, store: memoryStore(), redirectUri: 'https://app.example/callback' })
const page = () => new Request('https://app.example/login')
const identified = { status: 'verified', identity: ann }

export const identityEntries: Entries = {
  verifyAccessToken: [
    async (watch) => {
      const token = await accessToken()
      const options = watch.given({
        ...surroundings(),
        authorizationServer: profile,
        audience: [audience],
        signal: signal(),
      })
      return watch.call(() => verifyAccessToken(token, options))
    },
    ann,
  ],
  verifyIdToken: [
    async (watch) => {
      const token = await idToken({ nonce: 'n', aud: ['agent-app', 'other'], azp: 'agent-app' })
      const options = { ...surroundings(), authorizationServer: profile, nonce: 'n', trustedAudiences: ['other'] }
      return watch.call(() => verifyIdToken(token, watch.given(options)))
    },
    ann,
  ],
  verifyRequest: [
    async (watch) => {
      const token = await accessToken()
      const headers = { authorization: `DPoP ${token}` }
      const options = { authorizationServer: profile, audience: [audience], proveKey: async () => 'a-thumbprint' }
      return watch
        .call(() => verifyRequest(new Request(audience, { headers }), watch.given(options)))
        .catch((error) => error)
    },
    { reason: 'binding' },
  ],
  verifyTokenResponse: [
    async (watch) => {
      const response = watch.given({ ...(await answer()), id_token: await idToken({ nonce: 'n' }) }, 'response')
      const options = watch.given({
        ...surroundings(),
        authorizationServer: profile,
        nonce: 'n',
        trustedAudiences: ['other'],
      })
      return watch.call(() => verifyTokenResponse(response, options))
    },
    ann,
  ],
  createIntrospection: [
    async (watch) => {
      const options = { ...surroundings(), authorizationServer: profile, audience: [audience], cacheSeconds: 5 }
      return watch.call(() => createIntrospection(watch.given(options)))('an-opaque-token')
    },
    ann,
  ],
  introspect: [
    async (watch) => {
      const introspect = createIntrospection({ authorizationServer: profile, audience: 'https://other.example' })
      return watch.call(() => introspect('an-opaque-token', watch.given({ audience: [audience] })))
    },
    ann,
  ],
  requestAgentIdentity: [
    async (watch) => {
      const options = {
        ...surroundings(),
        authorizationServer: profile,
        resource: audience,
        scopes: ['openid', 'chat'],
      }
      return watch.call(() => requestAgentIdentity(watch.given(options)))
    },
    { kind: 'agent' },
  ],
  requestTokenSource: [
    async (watch) => {
      const request = await bearer()
      const options = watch.given({ ...surroundings(), authorizationServer: profile, audience: [audience] })
      const source = watch.call(() => requestTokenSource(request, options))
      return watch.call(() => source.identity(watch.given({ signal: signal(), timeoutMs: 5000 })))
    },
    identified,
  ],
  createSessions: [
    async (watch) => {
      const options = {
        ...surroundings(),
        authorizationServer: profile,
        store: port(memoryStore()),
        lifetimeSeconds: 60,
      }
      const made = watch.call(() => createSessions(watch.given(options)))
      const { id } = await made.create(await answer())
      return made.identity(id)
    },
    identified,
  ],
  'sessions.create': [
    async (watch) => {
      const response = watch.given({ ...(await answer()), id_token: await idToken({ nonce: 'n' }) }, 'response')
      return watch.call(() => sessions().create(response, watch.given({ nonce: 'n', signal: signal() })))
    },
    { identity: ann },
  ],
  'sessions.identity': [
    async (watch) => {
      const made = sessions()
      const { id } = await made.create(await answer())
      return watch.call(() => made.identity(id, watch.given({ signal: signal(), timeoutMs: 5000 })))
    },
    identified,
  ],
  createSignIn: [
    async (watch) => {
      const options = {
        ...surroundings(),
        authorizationServer: profile,
        store: port(memoryStore()),
        redirectUri: 'https://app.example/callback',
        scopes: ['chat'],
        resource: audience,
      }
      return watch.call(() => createSignIn(watch.given(options))).start(page())
    },
    { url: expect.stringContaining(`${issuer}/authorize`) },
  ],
  'signIn.start': [
    async (watch) => {
      const options = {
        returnTo: '/here',
        data: { cart: ['a'] },
        acrValues: ['urn:acr'],
        maxAgeSeconds: 60,
        parameters: { prompt: 'login' },
        signal: signal(),
      }
      return watch.call(() => signIn().start(page(), watch.given(options)))
    },
    { url: expect.stringContaining('prompt=login') },
  ],
  'signIn.complete': [
    async (watch) => watch.call(() => signIn().complete(page(), watch.given({ signal: signal(), timeoutMs: 5000 }))),
    { status: 'refused' },
  ],
  'signIn.userInfo': [
    async (watch) => {
      const identity = await verifyTokenResponse(await answer(), { authorizationServer: profile })
      return watch.call(() => signIn().userInfo(identity, watch.given({ signal: signal(), timeoutMs: 5000 })))
    },
    { sub: 'ann' },
  ],
  'signIn.fetchAs': [
    async (watch) => {
      const identity = await verifyTokenResponse(await answer(), { authorizationServer: profile })
      const origins = ['https://api.example.com']
      const send = watch.call(() => signIn().fetchAs(identity, watch.given({ origins })))
      return String(await send('https://evil.example').catch((error: unknown) => error))
    },
    expect.stringContaining('only to https://api.example.com'),
  ],
  'signIn.logoutUrl': [
    async (watch) => watch.call(() => signIn().logoutUrl(watch.given({ returnTo: '/bye', signal: signal() }))),
    expect.stringContaining('bye'),
  ],
  authorizeOnDevice: [
    async (watch) => {
      const endpoints = port({
        requestCode: async () => device,
        poll: async () => answer(),
        grant: async () => answer(),
      })
      const options = watch.given({ show: () => {}, parameters: { resource: audience }, signal: signal() })
      return watch.call(() => authorizeOnDevice(endpoints as never, options))
    },
    { status: 'approved' },
  ],
  deviceLogin: [
    async (watch) => {
      const options = {
        ...surroundings(),
        authorizationServer: profile,
        show: () => {},
        scopes: ['openid'],
        file: port(memoryFile()),
      }
      return watch.call(() => createDeviceLogin(watch.given(options))).login()
    },
    identified,
  ],
  'deviceLogin.login': [
    async (watch) => {
      const login = createDeviceLogin({ authorizationServer: profile, show: () => {}, file: memoryFile() })
      return watch.call(() => login.login(watch.given({ signal: signal() })))
    },
    identified,
  ],
  'deviceLogin.identity': [
    async (watch) => {
      const login = createDeviceLogin({ authorizationServer: profile, show: () => {}, file: memoryFile() })
      return watch.call(() => login.identity(watch.given({ signal: signal(), timeoutMs: 5000 })))
    },
    { status: 'login_required' },
  ],
}
