import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import { Token } from '../../../src/credential/index.ts'
import {
  auth0ConnectedAccounts,
  auth0TokenVault,
  connection,
  exchangeVault,
  storedVault,
} from '../../../src/entrypoints/vault.ts'
import { currentCall, memoryStore, policy } from '../../../src/index.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { user as guardUser, ISSUER, schema, servers, smallWorld } from '../guard/small-world.ts'
import { servers as noServers, testClock } from '../runs/harness.ts'
import { provider } from '../vault/provider.ts'
import { definitionOf, REDIRECT, user, world } from '../vault/world.ts'
import { signingKey } from './signing-key.ts'

const clock = port(testClock())
const crm = await provider('http://localhost:4899', () => clock.now())
/** For each test file: modules may outlive one. */
export const { handlers } = crm
const open = () => world(crm, { clock })
const name = () => ({ connection: 'crm', account: 'a-1' })
const signal = () => AbortSignal.timeout(5000)

/** An account at Auth0, as its My Account API answers. */
const account = {
  id: 'cac_1',
  connection: 'google-oauth2',
  access_type: 'offline',
  scopes: ['a'],
  created_at: '2026-01-01T00:00:00Z',
}
const started = {
  auth_session: 's',
  connect_uri: 'https://tenant.eu.auth0.com/c',
  connect_params: { ticket: 't' },
  expires_in: 300,
}
const myAccount = (watch?: Watch) => {
  const options = {
    domain: 'tenant.eu.auth0.com',
    token: () => ({ token: new Token('my-account-token') }),
    store: port(memoryStore({ clock })),
    clock,
    fetch: async (input: string | URL | Request) =>
      String(input).endsWith('/connect')
        ? Response.json(started, { status: 201 })
        : String(input).endsWith('/complete')
          ? Response.json(account, { status: 201 })
          : Response.json({ accounts: [account], connections: [] }),
  }
  return auth0ConnectedAccounts(watch === undefined ? options : watch.given(options))
}

const proof = { token: new Token('subject-token'), type: 'access_token' } as const
const brokered = () => ({ identity: guardUser(), connection: 'x', scopes: ['a'], account: 'a-1' })
const issued = {
  access_token: 'upstream-token',
  token_type: 'Bearer',
  issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
}
/** The user's own authorization server, which answers each token request alike. */
const answering = (answer: object, status = 200) => {
  const metadata = { issuer: ISSUER, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks` }
  const fetch = async (input: string | URL | Request) =>
    String(input).endsWith('/token') ? Response.json(answer, { status }) : Response.json(metadata)
  return port(authorizationServers(servers().of(ISSUER).profile, { fetch, clock, timeoutMs: 1_000 }))
}
const employee = () => user('auth0|ann', { issuer: 'https://tenant.eu.auth0.com/' })

export const vaultEntries: Entries = {
  storedVault: [
    async (watch) => {
      const options = {
        store: port(memoryStore({ clock })),
        keys: { seal: [new Uint8Array(32).fill(1)] as const, index: new Uint8Array(32).fill(2) },
        connections: {
          crm: {
            ...definitionOf(crm),
            alwaysScopes: ['openid'],
            account: { from: 'id_token' as const, label: 'email' },
          },
        },
        clock,
      }
      const vault = watch.call(() => storedVault(watch.given(options)))
      const started = await vault.accounts.connect({
        identity: user(),
        connection: 'crm',
        redirectUri: REDIRECT,
        browser: 'b',
      })
      const parameters = crm.codeFor((started as { url: string }).url)
      return vault.accounts.complete({ identity: user(), connection: 'crm', parameters, browser: 'b' })
    },
    { status: 'connected' },
  ],
  'vault.token': [
    async (watch) => {
      const { vault, link } = open()
      await link()
      const request = watch.given({ identity: user(), connection: 'crm', scopes: ['contacts.read'] }, 'request')
      const context = watch.given({ authorizationServers: port(noServers), now: clock.now() }, 'context')
      return watch.call(() => vault.token(request, context as never))
    },
    { status: 'token' },
  ],
  'vault.forget': [
    async (watch) => {
      const { vault, link } = open()
      await link()
      const whose = watch.given({ issuer: 'https://login.example', subject: 'ann' }, 'whose')
      return watch.call(() => vault.forget(whose, watch.given({ signal: signal() })))
    },
    { disconnected: 1 },
  ],
  'accounts.connect': [
    async (watch) => {
      const { vault } = open()
      const request = {
        identity: user(),
        connection: 'crm',
        scopes: ['contacts.read'],
        redirectUri: REDIRECT,
        browser: 'b',
      }
      return watch.call(() => vault.accounts.connect(watch.given(request), watch.given({ signal: signal() })))
    },
    { status: 'started' },
  ],
  'accounts.complete': [
    async (watch) => {
      const { vault, start } = open()
      const { url } = await start()
      const parameters = crm.codeFor(url)
      const answer = watch.given({ identity: user(), connection: 'crm', parameters, browser: 'browser-1' })
      return watch.call(() => vault.accounts.complete(answer, watch.given({ signal: signal() })))
    },
    { status: 'connected' },
  ],
  'accounts.prefer': [
    async (watch) => {
      const { vault, link } = open()
      await link()
      return watch.call(() => vault.accounts.prefer(user(), watch.given(name()), watch.given({ signal: signal() })))
    },
    true,
  ],
  'accounts.disconnect': [
    async (watch) => {
      const { vault, link } = open()
      await link()
      return watch.call(() => vault.accounts.disconnect(user(), watch.given(name()), watch.given({ signal: signal() })))
    },
    { status: 'disconnected' },
  ],
  auth0ConnectedAccounts: [async (watch) => watch.call(() => myAccount(watch)).list(employee()), [{ id: 'cac_1' }]],
  'connectedAccounts.connect': [
    async (watch) => {
      const request = watch.given({
        identity: employee(),
        connection: 'google-oauth2',
        scopes: ['a'],
        redirectUri: REDIRECT,
        browser: 'b',
      })
      return watch.call(() => myAccount().connect(request, watch.given({ signal: signal() })))
    },
    { status: 'started' },
  ],
  'connectedAccounts.available': [
    async (watch) => watch.call(() => myAccount().available(employee(), watch.given({ signal: signal() }))),
    [],
  ],
  'connectedAccounts.complete': [
    async (watch) => {
      const linker = myAccount()
      const flow = { identity: employee(), connection: 'google-oauth2', browser: 'b' }
      const began = await linker.connect({ ...flow, redirectUri: REDIRECT })
      const parameters = new URLSearchParams({ state: (began as { state: string }).state, connect_code: 'c' })
      return watch.call(() => linker.complete(watch.given({ ...flow, parameters }), watch.given({ signal: signal() })))
    },
    { status: 'connected' },
  ],
  'connectedAccounts.list': [
    async (watch) => watch.call(() => myAccount().list(employee(), watch.given({ signal: signal() }))),
    [{ id: 'cac_1' }],
  ],
  'connectedAccounts.disconnect': [
    async (watch) => {
      const [named, options] = [
        watch.given({ connection: 'google-oauth2', account: 'cac_1' }),
        watch.given({ signal: signal() }),
      ]
      return watch.call(() => myAccount().disconnect(employee(), named, options))
    },
    { status: 'disconnected' },
  ],
  connection: [
    async (watch) => {
      const { vault, link } = open()
      await link()
      const options = watch.given({
        scopes: ['contacts.read'],
        withoutApproval: ['contacts.names'],
        origins: ['https://crm.example'],
        idempotencyHeader: 'Key',
      })
      const access = watch.call(() => ({ crm: connection('crm', options) }))
      const rules = policy(schema, { version: '1', access })
      const { guard, call } = smallWorld()
      return guard({ vault }).run(rules, call(), () => typeof currentCall(rules).access.crm.fetch)
    },
    { status: 'interrupted' },
  ],
  exchangeVault: [
    async (watch) => {
      const options = {
        broker: 'token-exchange' as const,
        parameters: () => ({ audience: 'x' }),
        reasons: { odd: 'not_connected' as const },
        subjectToken: () => proof,
        connectPage: 'https://app.example/c',
      }
      const vault = watch.call(() => exchangeVault(watch.given(options)))
      return vault.token(brokered(), { authorizationServers: answering({ error: 'odd' }, 400), now: 0 })
    },
    { status: 'not_connected' },
  ],
  'exchangeVault.token': [
    async (watch) => {
      const vault = exchangeVault({ subjectToken: () => proof, parameters: () => ({}) })
      const context = { authorizationServers: answering(issued), now: 0, signal: signal() }
      return watch.call(() => vault.token(watch.given(brokered(), 'request'), watch.given(context, 'context')))
    },
    { status: 'token' },
  ],
  'auth0TokenVault.token': [
    async (watch) => {
      const worker = { privateKey: await signingKey(), algorithm: 'ES256' }
      const vault = auth0TokenVault({ worker })
      const request = {
        ...brokered(),
        identity: guardUser({ delegationId: 'd' }),
        delegation: { id: 'd', agent: 'a' },
      }
      const token = { ...issued, issued_token_type: undefined }
      const context = { authorizationServers: answering(token), now: 0, signal: signal() }
      return watch.call(() => vault.token(watch.given(request, 'request'), watch.given(context, 'context')))
    },
    { status: 'token' },
  ],
  auth0TokenVault: [
    async (watch) => {
      const options = {
        worker: { privateKey: await signingKey(), algorithm: 'ES256', keyId: 'k', auditContext: () => 'job' },
      }
      const vault = watch.call(() => auth0TokenVault(watch.given(options as never)))
      const identity = guardUser({ delegationId: 'd' })
      const request = { identity, connection: 'x', scopes: ['a'], delegation: { id: 'd', agent: 'a' } }
      return vault.token(request, { authorizationServers: servers(), now: 0 })
    },
    { status: 'unavailable' },
  ],
}
