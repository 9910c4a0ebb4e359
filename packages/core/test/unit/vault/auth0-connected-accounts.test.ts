import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { presenceIn } from '../../../src/identity/present-user.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import {
  type Auth0ConnectedAccountsOptions,
  auth0ConnectedAccounts,
} from '../../../src/vault/auth0/auth0-connected-accounts.ts'
import { testClock } from '../runs/harness.ts'
import { user } from './world.ts'

const ISSUER = 'https://tenant.eu.auth0.com/'
const REDIRECT = 'https://app.example/connections/callback/google-oauth2'
const clock = testClock()
const ann = user('auth0|ann', { issuer: ISSUER })

interface Sent {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
  readonly dpop: string | null
  readonly body: unknown
}
const sent: Sent[] = []
let answer: (path: string) => Response | Promise<Response>
beforeEach(() => {
  sent.length = 0
  answer = () => new Response('{}', { status: 500 })
})

const open = (options: Partial<Auth0ConnectedAccountsOptions> = {}) =>
  auth0ConnectedAccounts({
    domain: 'tenant.eu.auth0.com',
    token: () => ({ token: new Token('my-account-token') }),
    store: memoryStore({ clock }),
    clock,
    fetch: async (input, init) => {
      const url = new URL(String(input))
      const headers = new Headers(init?.headers)
      sent.push({
        method: init?.method ?? 'GET',
        path: url.href.replace('https://tenant.eu.auth0.com', ''),
        authorization: headers.get('authorization'),
        dpop: headers.get('dpop'),
        body: init?.body ? JSON.parse(String(init.body)) : undefined,
      })
      return answer(url.pathname)
    },
    ...options,
  })

// As the My Account API writes them.
const connectAnswer = {
  auth_session: 'session-1',
  connect_uri: 'https://tenant.eu.auth0.com/connected-accounts/connect',
  connect_params: { ticket: 'ticket-1' },
  expires_in: 300,
}
const account = {
  id: 'cac_1',
  connection: 'google-oauth2',
  access_type: 'offline',
  scopes: ['https://www.googleapis.com/auth/calendar'],
  created_at: '2026-11-25T10:00:00.000Z',
}
const problem = (status: number, title: string) =>
  Response.json({ type: 'https://auth0.com/api-errors#A0E-401-0003', title, status, detail: title }, { status })

const start = (linker = open()) =>
  linker.connect({
    identity: ann,
    connection: 'google-oauth2',
    scopes: ['https://www.googleapis.com/auth/calendar'],
    redirectUri: REDIRECT,
    browser: 'b',
  })

async function flow(
  parameters: Record<string, string>,
  change: { readonly browser?: string; readonly identity?: typeof ann } = {},
) {
  const linker = open()
  answer = () => Response.json(connectAnswer, { status: 201 })
  const started = await start(linker)
  if (started.status !== 'started') throw new Error(started.detail)
  answer = () => Response.json(account, { status: 201 })
  return linker.complete({
    identity: ann,
    connection: 'google-oauth2',
    parameters: new URLSearchParams({ state: started.state, ...parameters }),
    browser: 'b',
    ...change,
  })
}

describe('connect and complete', () => {
  test("speak the My Account API's own words, with PKCE in the body", async () => {
    answer = () => Response.json(connectAnswer, { status: 201 })
    const started = await start()
    expect(started).toMatchObject({
      status: 'started',
      url: 'https://tenant.eu.auth0.com/connected-accounts/connect?ticket=ticket-1',
      expiresInSeconds: 300,
    })
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/me/v1/connected-accounts/connect',
        authorization: 'Bearer my-account-token',
        dpop: null,
        body: {
          connection: 'google-oauth2',
          redirect_uri: REDIRECT,
          state: expect.stringMatching(/^[\w-]{43}$/),
          code_challenge: expect.stringMatching(/^[\w-]{43}$/),
          code_challenge_method: 'S256',
          scopes: ['https://www.googleapis.com/auth/calendar'],
        },
      },
    ])
  })

  test('end with the account; the verifier belongs to the challenge', async () => {
    expect(await flow({ connect_code: 'code-1' })).toEqual({
      status: 'connected',
      account: {
        connection: 'google-oauth2',
        id: 'cac_1',
        scopes: ['https://www.googleapis.com/auth/calendar'],
        status: 'connected',
        connectedAt: Date.parse('2026-11-25T10:00:00Z') / 1000,
      },
    })
    const [first, second] = sent
    expect(second).toMatchObject({
      method: 'POST',
      path: '/me/v1/connected-accounts/complete',
      body: { auth_session: 'session-1', connect_code: 'code-1', redirect_uri: REDIRECT },
    })
    const verifier = (second as { body: { code_verifier: string } }).body.code_verifier
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    expect(Buffer.from(hash).toString('base64url')).toBe(
      (first as { body: { code_challenge: string } }).body.code_challenge,
    )
  })

  test.each([
    ['another browser', { browser: 'other' }, 'other_browser'],
    ['another user', { identity: user('auth0|bob', { issuer: ISSUER }) }, 'other_user'],
    ['another session', { identity: user('auth0|ann', { issuer: ISSUER, sessionId: 's-2' }) }, 'other_session'],
  ])('by %s: refused, and no code is sent', async (_, change, reason) => {
    expect(await flow({ connect_code: 'code-1' }, change)).toMatchObject({ status: 'refused', reason })
    expect(sent).toHaveLength(1)
  })

  test('a person who says no, and an answer without a code', async () => {
    expect(await flow({ error: 'access_denied' })).toMatchObject({ status: 'refused', reason: 'declined' })
    expect(await flow({ error: 'server_error' })).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(await flow({})).toMatchObject({ status: 'refused', reason: 'provider' })
  })

  test.each([
    [400, 'Bad Request', 'misconfigured'],
    [401, 'Unauthorized', 'login_required'],
    [403, 'Insufficient Scope', 'misconfigured'],
    [404, 'Connection not found', 'unknown_connection'],
    [429, 'Too Many Requests', 'unavailable'],
    [503, 'Service Unavailable', 'unavailable'],
  ])('%i (%s) at the start is %s', async (status, title, expected) => {
    answer = () => problem(status, title)
    expect(await start()).toMatchObject({ status: expected })
  })

  test('an answer that breaks the specification, or leads from https, starts nothing', async () => {
    answer = () => Response.json({ ...connectAnswer, connect_params: {} }, { status: 201 })
    expect(await start()).toMatchObject({ status: 'misconfigured' })
    answer = () => Response.json({ ...connectAnswer, connect_uri: 'javascript:alert(1)' }, { status: 201 })
    expect(await start()).toMatchObject({ status: 'misconfigured' })
  })
})

test('the token may be bound: each request carries its proof', async () => {
  const dpop = await generateDpopKey()
  const linker = open({ token: () => ({ token: new Token('bound'), dpop }) })
  answer = () => Response.json({ accounts: [] })
  await linker.list(ann)
  expect(sent[0]).toMatchObject({ authorization: 'DPoP bound', dpop: expect.stringMatching(/^eyJ/) })
})

describe('list, connections and disconnect', () => {
  test.each(['', '.', '..'])('no request is sent for the account id "%s", which leads to another path', async (id) => {
    answer = () => new Response(null, { status: 204 })
    const name = { connection: 'google-oauth2', account: id }
    expect(await open().disconnect(ann, name)).toMatchObject({ status: 'not_found' })
    expect(sent).toEqual([])
  })

  test('all pages', async () => {
    const pages = [{ accounts: [account], next: 'cursor 2' }, { accounts: [{ ...account, id: 'cac_2' }] }]
    answer = () => Response.json(pages.shift())
    expect((await open().list(ann)).map(({ id }) => id)).toEqual(['cac_1', 'cac_2'])
    expect(sent.map(({ path }) => path)).toEqual([
      '/me/v1/connected-accounts/accounts',
      '/me/v1/connected-accounts/accounts?from=cursor%202',
    ])
  })

  test('what can be connected', async () => {
    answer = () =>
      Response.json({ connections: [{ name: 'google-oauth2', strategy: 'google-oauth2', scopes: ['email'] }] })
    expect(await open().available(ann)).toEqual([{ name: 'google-oauth2', label: 'google-oauth2', scopes: ['email'] }])
  })

  test('an account goes, and it is said that the provider was not told', async () => {
    answer = () => new Response(null, { status: 204 })
    const name = { connection: 'google-oauth2', account: 'cac_1/../x' }
    expect(await open().disconnect(ann, name)).toEqual({ status: 'disconnected', revoked: false })
    expect(sent[0]).toMatchObject({ method: 'DELETE', path: '/me/v1/connected-accounts/accounts/cac_1%2F..%2Fx' })
    answer = () => problem(404, 'Not Found')
    expect(await open().disconnect(ann, name)).toMatchObject({ status: 'not_found' })
    answer = () => problem(401, 'Unauthorized')
    expect(await open().disconnect(ann, name)).toMatchObject({ status: 'login_required' })
  })

  test("without a token of this user's, of this tenant, nothing is asked", async () => {
    await expect(open({ token: () => undefined }).list(ann)).rejects.toThrow('My Account')
    await expect(open().list(user('auth0|ann', { issuer: 'https://other.example/' }))).rejects.toThrow('My Account')
    await expect(open().list({ ...ann })).rejects.toThrow('verified')
    expect(sent).toEqual([])
  })
})

test.each([
  ['auth0ConnectedAccounts.domian', { domian: 'x' }],
  ['auth0ConnectedAccounts.domain', { domain: 'https://tenant.eu.auth0.com' }],
  ['auth0ConnectedAccounts.token', { token: 'x' }],
])('%s is refused', (option, change) => {
  expect(() => open(change as never)).toThrow(`${option}: `)
})

describe('a proof whose access was revoked (I11)', () => {
  const identity = user('auth0|ann', { issuer: ISSUER, claims: { iat: clock.now() / 1000 } })
  const begun = async () => {
    const store = memoryStore({ clock })
    const linker = open({ store })
    answer = () => Response.json(connectAnswer, { status: 201 })
    const asked = { identity, connection: 'google-oauth2', redirectUri: REDIRECT, browser: 'b' }
    const started = await linker.connect(asked)
    if (started.status !== 'started') throw new Error(started.detail)
    const parameters = new URLSearchParams({ state: started.state, connect_code: 'code-1' })
    const { revocations } = presenceIn(store, undefined, clock)
    return {
      linker,
      asked,
      complete: () => linker.complete({ ...asked, parameters }),
      revoke: () => revocations.add({ issuer: ISSUER, subject: 'auth0|ann' }, clock.now()),
    }
  }

  test('links and unlinks nothing, and sends nothing', async () => {
    const { linker, asked, complete, revoke } = await begun()
    await revoke()
    sent.length = 0
    const name = { connection: 'google-oauth2', account: 'cac_1' }
    for (const told of [linker.connect(asked), complete(), linker.disconnect(identity, name)]) {
      expect(await told).toMatchObject({ status: 'login_required' })
    }
    expect(sent).toEqual([])
  })

  test('while the account is linked: it is unlinked again', async () => {
    const { complete, revoke } = await begun()
    answer = async (path) => {
      if (path.endsWith('/complete')) await revoke()
      return path.endsWith('/complete') ? Response.json(account, { status: 201 }) : new Response(null, { status: 204 })
    }
    expect(await complete()).toMatchObject({ status: 'login_required' })
    expect(sent.at(-1)).toMatchObject({ method: 'DELETE', path: '/me/v1/connected-accounts/accounts/cac_1' })
  })
})

test('a token that the My Account API repeats in its error is in no answer', async () => {
  answer = () => problem(401, 'no my-account-token')
  const linker = open()
  const outcome = await linker.disconnect(ann, { connection: 'google-oauth2', account: 'cac_1' })
  expect(outcome).toMatchObject({
    status: 'login_required',
    detail: expect.stringContaining('does not take the token'),
  })
  const thrown = await linker.list(ann).catch(String)
  expect(`${JSON.stringify(outcome)} ${thrown}`).not.toContain('my-account-token')
})
