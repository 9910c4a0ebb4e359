import { readFileSync } from 'node:fs'
import { memoryStore } from '@behalf/core'
import { auth as authV1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type McpSession, type McpSessionOptions, SignInError, withSignIn } from '../../src/client/index.ts'
import { type Browser, browserOf } from '../browser.ts'
import { clients } from '../clients.ts'
import { textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'
import { issuer, metadata, servers, serverUrl } from './metadata-servers.ts'
import * as sessions from './session/sessions.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.target.reset()
  world.serve({ gate: { tools: { create_order: { scopes: ['mcp:trade'] } }, metadata: { scopes: ['mcp:tools'] } } })
})

const { redirectUri } = sessions
const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 2 }
const clientFor = (scopes: string[]) => ({ client: { name: 'x', redirectUri, scopes } })
const both = clientFor(['mcp:tools', 'mcp:trade'])
const open = (browser: Browser, over: Partial<McpSessionOptions>) => sessions.open(world, browser, over)
const whoami = (session: McpSession, browser: Browser) => sessions.call(world, session, browser)
const buy = (session: McpSession, browser: Browser) => sessions.call(world, session, browser, 'create_order', order)

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
const outside = 'the server needs the scope "mcp:trade", and `client.scopes` lists ["mcp:tools"]: add it'
const withheld = 'and not "mcp:trade", which the server needs: grant it there, then sign out and in again'

test('a scope that client.scopes does not list is refused by name before any page is shown', async () => {
  const browser = browserOf(world.target, 'ann')
  const session = open(browser, clientFor(['mcp:tools']))
  await whoami(session, browser)
  for (let tries = 0; tries < 4; tries++) {
    await expect(buy(session, browser)).rejects.toMatchObject({
      name: 'SignInError',
      problem: 'scope_refused',
      message: outside,
    })
  }
  expect(page).toContain(outside)
  expect(browser.visited).toHaveLength(1)
})

test('a scope that the authorization server does not grant is asked for once, and then refused by name', async () => {
  const { controls } = world.target.authorizationServer
  await controls.changeUser('ann', { permissions: ['mcp:tools'] })
  const store = memoryStore()
  const browser = browserOf(world.target, 'ann')
  const session = open(browser, { store, ...both })
  await whoami(session, browser)
  const refused = {
    problem: 'scope_refused',
    message: expect.stringMatching(/^the authorization server granted this user ".*mcp:tools.*" and not/),
  }
  expect(page).toContain(withheld)
  await expect(buy(session, browser)).rejects.toMatchObject(refused)
  await expect(buy(session, browser)).rejects.toThrow(withheld)
  expect(browser.visited).toHaveLength(2)
  // Another process knows it from the store.
  await expect(buy(open(browser, { store, ...both }), browser)).rejects.toMatchObject(refused)
  expect(browser.visited).toHaveLength(2)
  await controls.changeUser('ann', { permissions: ['mcp:tools', 'mcp:trade'] })
  await session.signOut()
  // No refusal was counted.
  world.serve({ gate: { scopes: ['mcp:tools', 'mcp:trade'] } })
  expect(JSON.parse(textOf(await whoami(session, browser))).subject).toBe('ann')
  expect(browser.visited).toHaveLength(3)
})

test('a step-up on an SDK that asks for the missing scope only keeps what was granted before, at this issuer alone', async () => {
  for (const [grantedAt, asked] of [
    [issuer, 'a b'],
    ['https://other.example', 'b'],
  ] as const) {
    const { fetch: answers } = servers()
    const missing = { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="b"' } }
    const fetch = async (input: string | URL | Request, init?: RequestInit) =>
      String(input) === serverUrl ? new Response(null, missing) : answers(input, init)
    const shown: URL[] = []
    const session = sessions.open(world, browserOf(world.target, 'ann'), {
      serverUrl,
      fetch,
      showSignIn: (url) => void shown.push(url),
    })
    const { authProvider: provider } = session
    await provider.saveDiscoveryState?.({
      authorizationServerUrl: grantedAt,
      authorizationServerMetadata: { ...metadata, issuer: grantedAt } as never,
    })
    await provider.saveTokens({ access_token: 'old', token_type: 'Bearer', scope: 'a' }, { issuer: grantedAt })
    const headers = { accept: 'application/json, text/event-stream', authorization: 'Bearer old' }
    await session.fetch(serverUrl, { method: 'POST', body: '{}', headers })
    // As the transport of SDK 1 does it then.
    await authV1(provider as never, { serverUrl, scope: 'b', fetchFn: session.fetch as never })
    expect(shown.map((url) => url.searchParams.get('scope'))).toEqual([asked])
  }
})

test.each([
  ['invalid_target', () => world.resource],
  ['invalid_scope', () => 'mcp:tools mcp:trade'],
])('a sign-in that ends with %s names what it asked for', async (error, asked) => {
  world.serve({ gate: { scopes: ['mcp:tools', 'mcp:trade'] } })
  const browser = browserOf(world.target, 'ann')
  const session = open(browser, both)
  await sessions.connect(world, session).catch(() => {})
  const callback = new URL(await browser.callback())
  callback.searchParams.delete('code')
  callback.searchParams.set('error', error)
  await expect(session.finishSignIn(callback)).rejects.toMatchObject({
    problem: 'refused',
    message: expect.stringContaining(`"${error}". The sign-in asked for "${asked()}`),
  })
  expect(page).toContain('The sign-in asked for "…": check that the server knows it, exactly like that')
})

const byFetch = clients.filter(({ takesFetch }) => takesFetch)
test.each(byFetch)('$name is told of such a scope while it connects, after one sign-in', async ({ name, connect }) => {
  world.serve({ gate: { scopes: ['mcp:tools', 'mcp:trade'] } })
  const browser = browserOf(world.target, 'ann')
  const session = open(browser, clientFor(['mcp:tools']))
  const connecting = withSignIn(session, browser.callback, () => connect(session, world.resource))
  const error: unknown = await connecting.catch((thrown: unknown) => thrown)
  expect(String(error)).toMatch(/the server needs the scope .*mcp:trade/)
  // The errors of Mastra's client are texts.
  expect(error instanceof SignInError).toBe(name !== 'Mastra’s client')
  expect(browser.visited).toHaveLength(1)
})

describe('withSignIn throws the SignInError itself', () => {
  test('where the SDK wraps it while it finds out the revision of the server', async () => {
    world.serve({ gate: { scopes: ['mcp:tools', 'mcp:trade'] } })
    const { controls } = world.target.authorizationServer
    await controls.changeUser('ann', { permissions: ['mcp:tools'] })
    const browser = browserOf(world.target, 'ann')
    const session = open(browser, both)
    const connecting = withSignIn(session, browser.callback, () => sessions.connect(world, session))
    const error: unknown = await connecting.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SignInError)
    expect(error).toMatchObject({ problem: 'scope_refused', message: expect.stringContaining(withheld) })
    expect(browser.visited).toHaveLength(1)
    // The page for users without `withSignIn` says where it is then.
    const wrapped = await sessions.connect(world, session).catch((thrown: unknown) => thrown)
    expect(wrapped).toMatchObject({ name: 'SdkError', cause: expect.any(SignInError) })
    expect(String(wrapped)).toContain('SdkError: Version negotiation probe failed: ')
  })

  test('from within several errors, and any other error as it is', async () => {
    const browser = browserOf(world.target, 'ann')
    const session = open(browser, both)
    const thrownBy = (error: unknown) =>
      withSignIn(session, browser.callback, () => Promise.reject(error)).catch((thrown: unknown) => thrown)
    const own = new SignInError('timed_out', 'the browser did not come back in time')
    expect(await thrownBy(new Error('a', { cause: new TypeError('b', { cause: own }) }))).toBe(own)
    const [first, second] = [new Error('first'), new Error('second')]
    first.cause = second
    second.cause = first
    const unreadable = Object.defineProperty(new Error('own'), 'cause', {
      get: () => {
        throw new TypeError('unreadable')
      },
    })
    for (const other of [first, unreadable, new Error('a', { cause: 'text' }), 'text', undefined]) {
      expect(await thrownBy(other)).toBe(other)
    }
    expect(browser.visited).toHaveLength(0)
  })
})
