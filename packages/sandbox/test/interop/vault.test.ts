import { allowInsecureLoopback, memoryStore, type Store, type UserIdentity } from '@behalf/core'
import { connectAccounts } from '@behalf/core/http'
import { type StoredVault, storedVault, type VaultRequest } from '@behalf/core/vault'
import { signIn } from '@behalf/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type SandboxAuthorizationServer, sandboxTarget, startAuthorizationServer } from '../../src/index.ts'

const BASE = 'https://app.example/connections'
const API = 'https://api.crm.example/'

let now = 0
const clock = { now: () => Date.now() + now }
let login: Awaited<ReturnType<typeof sandboxTarget>>
let crm: SandboxAuthorizationServer
let ann: UserIdentity

/** The upstream: refresh tokens rotate, and one that is used twice ends its grant. */
const startCrm = (graceSeconds = 0) =>
  startAuthorizationServer({
    clients: [
      {
        clientId: 'behalf',
        clientSecret: 'upstream-secret',
        redirectUris: [`${BASE}/callback/crm`],
        scopes: ['contacts.read', 'contacts.write'],
      },
    ],
    users: [{ subject: 'ann@crm' }],
    resources: [{ identifier: API, scopes: ['contacts.read', 'contacts.write'] }],
    accessTokenSeconds: 60,
    refreshGraceSeconds: graceSeconds,
  })

beforeAll(async () => {
  ;[login, crm] = await Promise.all([sandboxTarget(), startCrm()])
  ann = await signIn(login, { user: 'ann' })
})
afterAll(() => Promise.all([login?.close(), crm?.close()]))
beforeEach(async () => {
  now = 0
  await crm.controls.reset()
  await crm.controls.signInAs('ann@crm')
})

function open(store: Store = memoryStore(), { server = crm, graceSeconds = 0 } = {}) {
  const vault = storedVault({
    store,
    clock,
    connections: {
      crm: {
        label: 'CRM',
        issuer: server.issuer,
        clientId: 'behalf',
        clientSecret: 'upstream-secret',
        scopes: ['contacts.read', 'contacts.write'],
        alwaysScopes: ['openid', 'offline_access'],
        authorizationParameters: { prompt: 'consent' },
        resource: API,
        refresh: { rotates: true, graceSeconds },
        [allowInsecureLoopback]: true,
      },
    },
  })
  return { vault, store, token: (change: Partial<VaultRequest> = {}) => ask(vault, change) }
}

const ask = (vault: StoredVault, change: Partial<VaultRequest>) =>
  vault.token(
    { identity: ann, connection: 'crm', scopes: ['contacts.read'], ...change },
    { authorizationServers: {} as never, now: clock.now() },
  )

/** Ann's browser, from the app's page over the provider and back. */
async function connect(vault: StoredVault, scopes?: string): Promise<string | null> {
  const store = memoryStore({ clock })
  const handler = connectAccounts({ linker: vault.accounts, identityOf: () => ann, store, baseUrl: BASE, clock })
  const started = await handler(
    new Request(`${BASE}/connect`, {
      method: 'POST',
      headers: { origin: 'https://app.example' },
      body: new URLSearchParams({ connection: 'crm', ...(scopes !== undefined && { scopes }) }),
    }),
  )
  expect(started.status).toBe(303)
  const atProvider = await fetch(started.headers.get('location') ?? '', { redirect: 'manual' })
  const cookie = started.headers.get('set-cookie')?.split(';')[0] ?? ''
  const back = await handler(new Request(atProvider.headers.get('location') ?? '', { headers: { cookie } }))
  return back.headers.get('location')
}

const refreshes = async () =>
  (await crm.controls.requests()).filter(({ parameters }) => parameters.grant_type === 'refresh_token').length

describe('an upstream on oidc-provider, over HTTP', () => {
  test('is linked by code flow and PKCE, lasts over rotations, and is revoked', async () => {
    const { vault, token } = open()
    expect(await token()).toMatchObject({ status: 'not_connected' })
    expect(await connect(vault)).toBe(`${BASE}?connected=crm`)
    const seen = new Set<unknown>()
    for (let round = 0; round < 5; round++) {
      const answer = await token()
      expect(answer).toMatchObject({ status: 'token', scopes: expect.arrayContaining(['contacts.read']) })
      seen.add(answer.status === 'token' && answer.expiresAt)
      now += 61_000
    }
    expect(seen.size).toBe(5)
    expect(await refreshes()).toBe(4)
    expect(await vault.accounts.list(ann)).toMatchObject([{ id: 'ann@crm', status: 'connected' }])
    const gone = await vault.accounts.disconnect(ann, { connection: 'crm', account: 'ann@crm' })
    expect(gone).toEqual({ status: 'disconnected', revoked: true })
    expect((await crm.controls.requests()).at(-1)?.endpoint).toBe('revoke')
    expect(await token()).toMatchObject({ status: 'not_connected' })
  })

  test('a hundred parallel calls over an expired token make one refresh, time after time', async () => {
    const { vault, token } = open()
    await connect(vault)
    for (let round = 1; round <= 4; round++) {
      now += 61_000
      const answers = await Promise.all(Array.from({ length: 100 }, () => token()))
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill('token'))
      expect(await refreshes()).toBe(round)
    }
  })

  test('two vaults over one store make one refresh, and reuse detection is never tripped', async () => {
    const one = open()
    const two = open(one.store)
    await connect(one.vault)
    for (let round = 1; round <= 4; round++) {
      now += 61_000
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).token()))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['token']))
      expect(await refreshes()).toBe(round)
    }
  })

  test('fewer scopes than a tool needs, then more by a new consent', async () => {
    const { vault, token } = open()
    await connect(vault, 'contacts.read')
    expect(await token({ scopes: ['contacts.write'] })).toMatchObject({ status: 'needs_scopes' })
    await connect(vault, 'contacts.read contacts.write')
    expect(await token({ scopes: ['contacts.read', 'contacts.write'] })).toMatchObject({ status: 'token' })
  })

  test('a grant that was revoked there has to be made again; no refresh is tried twice', async () => {
    const { vault, token } = open()
    await connect(vault)
    await crm.controls.revokeRefreshTokens('ann@crm')
    now += 61_000
    expect(await token()).toMatchObject({ status: 'must_reconnect' })
    expect(await token()).toMatchObject({ status: 'must_reconnect' })
    expect(await refreshes()).toBe(1)
    await connect(vault)
    expect(await token()).toMatchObject({ status: 'token' })
  })

  test('an outage there is no prompt, and over afterwards', async () => {
    const { vault, token } = open()
    await connect(vault)
    await crm.controls.fault('token', { status: 429, times: 3 })
    now += 61_000
    expect(await token()).toMatchObject({ status: 'unavailable' })
    expect(await token()).toMatchObject({ status: 'unavailable' })
    expect(await token()).toMatchObject({ status: 'unavailable' })
    expect(await token()).toMatchObject({ status: 'token' })
  })

  test('a lost answer, where the provider gives it again for a while: the connection lives', async () => {
    const server = await startCrm(30)
    onTestFinished(() => server.close())
    await server.controls.signInAs('ann@crm')
    const { vault, token } = open(memoryStore(), { server, graceSeconds: 30 })
    await connect(vault)
    now += 61_000
    await server.controls.fault('token', { lostAnswer: true })
    expect(await token()).toMatchObject({ status: 'unavailable' })
    expect(await token()).toMatchObject({ status: 'token' })
    now += 61_000
    expect(await token()).toMatchObject({ status: 'token' })
  })

  test('and where it does not: told apart, with nothing sent that would look like theft', async () => {
    const { vault, token } = open()
    await connect(vault)
    now += 61_000
    await crm.controls.fault('token', { lostAnswer: true })
    expect(await token()).toMatchObject({ status: 'unavailable' })
    for (let round = 0; round < 3; round++) expect(await token()).toMatchObject({ status: 'must_reconnect' })
    expect(await refreshes()).toBe(1)
  })
})
