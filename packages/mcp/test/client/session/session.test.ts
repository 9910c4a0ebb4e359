import { memoryStore, type Store } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { UnauthorizedError } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type McpSession, type McpSessionOptions, SignInError } from '../../../src/client/index.ts'
import { type Browser, browserOf } from '../../browser.ts'
import { textOf } from '../../connect-client.ts'
import { openWorld, type World } from '../../world.ts'
import * as sessions from './sessions.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.target.reset()
  world.serve({ gate: { tools: { create_order: { scopes: ['mcp:trade'] } } } })
})

const { redirectUri } = sessions
const open = (browser: Browser, over: Partial<McpSessionOptions> = {}) => sessions.open(world, browser, over)
const connect = (session: McpSession) => sessions.connect(world, session)
const call = (session: McpSession, browser: Browser, name?: string, input?: object) =>
  sessions.call(world, session, browser, name, input)

const requests = async (endpoint: string) =>
  (await world.target.authorizationServer.controls.requests()).filter((request) => request.endpoint === endpoint)

describe('an agent that has never been seen', () => {
  verifies(
    'MCP-CLIENT-resource',
    'registers itself, signs its user in, and calls with a token for this server',
    async () => {
      const browser = browserOf(world.target, 'ann')
      const session = open(browser)
      const me = JSON.parse(textOf(await call(session, browser)))
      expect(me.subject).toBe('ann')
      // The library refuses scopes of APIs in a registration, so it comes once more without.
      expect(await requests('register')).toHaveLength(2)
      const [asked] = browser.visited
      expect(asked?.searchParams.get('resource')).toBe(world.resource)
      // Registered with all that the server names, asking for what is needed now.
      expect(asked?.searchParams.get('client_id')).toBe(me.clientId)
      const exchanged = (await requests('token')).map(({ parameters }) => parameters?.resource)
      expect(exchanged).toEqual([world.resource])
    },
  )

  verifies('MCP-CLIENT-pkce', 'the code is bound to a verifier that the browser never sees', async () => {
    const browser = browserOf(world.target, 'ann')
    await call(open(browser), browser)
    const [asked] = browser.visited
    expect(asked?.searchParams.get('code_challenge_method')).toBe('S256')
    const [exchange] = await requests('token')
    expect(exchange?.parameters.code_verifier).toContain('redacted')
    expect(browser.visited.join()).not.toContain('code_verifier')
  })

  verifies(
    'MCP-CLIENT-step-up-union',
    'step-up: more scopes are asked for when a tool needs them, beside those that it has',
    async () => {
      const browser = browserOf(world.target, 'ann')
      const session = open(browser)
      await call(session, browser)
      await session.signOut()
      const small = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 2 }
      world.serve({ gate: { tools: { create_order: { scopes: ['mcp:trade'] } }, metadata: { scopes: ['mcp:tools'] } } })
      const again = open(browser, { client: { name: 'x', redirectUri, scopes: ['mcp:tools', 'mcp:trade'] } })
      const placed = await call(again, browser, 'create_order', small)
      expect(JSON.parse(textOf(placed))).toMatchObject({ quantity: 2 })
      const scopes = browser.visited.map((url) => url.searchParams.get('scope'))
      expect(scopes.at(-2)).toBe('mcp:tools offline_access')
      expect(scopes.at(-1)).toBe('mcp:tools mcp:trade offline_access')
    },
  )

  test('step-up: another login is asked for by its level', async () => {
    const acr = 'urn:behalf:acr:strong'
    world.serve({ gate: { tools: { whoami: { acrValues: [acr] } } } })
    const browser = browserOf(world.target, 'ann')
    const session = open(browser)
    expect(JSON.parse(textOf(await call(session, browser))).subject).toBe('ann')
    expect(browser.visited.at(-1)?.searchParams.get('acr_values')).toBe(acr)
  })

  verifies('MCP-CLIENT-step-up-limit', 'a server that is never content does not wear the user out', async () => {
    world.serve({ gate: { actors: { required: true } } })
    const browser = browserOf(world.target, 'ann')
    const session = open(browser)
    for (let tries = 0; tries < 4; tries++) await call(session, browser).catch(() => {})
    expect(browser.visited.length).toBeLessThanOrEqual(3)
  })
})

verifies(
  'MCP-CLIENT-issuer-keyed',
  'a client that was registered by hand is used at its issuer, and nowhere else',
  async () => {
    const browser = browserOf(world.target, 'ann')
    const { issuer } = world.target.authorizationServer
    const registered = { [issuer]: { client_id: 'stock-cli' } }
    const session = open(browser, { client: { name: 'x', redirectUri, registered } })
    expect(JSON.parse(textOf(await call(session, browser))).clientId).toBe('stock-cli')
    const elsewhere = { 'https://other.example': { client_id: 'stock-cli' } }
    const other = open(browser, { client: { name: 'x', redirectUri, registered: elsewhere } })
    expect(JSON.parse(textOf(await call(other, browser))).clientId).not.toBe('stock-cli')
  },
)

describe('a session that outlives its process', () => {
  const durable = (): { readonly store: Store; readonly keys: NonNullable<McpSessionOptions['keys']> } => ({
    store: memoryStore(),
    keys: { seal: [crypto.getRandomValues(new Uint8Array(32))], index: crypto.getRandomValues(new Uint8Array(32)) },
  })
  const offline = { name: 'x', redirectUri, scopes: ['mcp:tools', 'mcp:trade', 'offline_access'] }
  const registered = () => ({
    ...offline,
    registered: { [world.target.authorizationServer.issuer]: { client_id: 'stock-cli', scope: 'offline_access' } },
  })

  test('another process goes on with the tokens, and only for this owner', async () => {
    const kept = durable()
    const browser = browserOf(world.target, 'ann')
    await call(open(browser, kept), browser)
    const fresh = browserOf(world.target, 'ann')
    expect(JSON.parse(textOf(await call(open(fresh, kept), fresh))).subject).toBe('ann')
    expect(fresh.visited).toHaveLength(0)
    const bobs = browserOf(world.target, 'bob')
    expect(JSON.parse(textOf(await call(open(bobs, { ...kept, owner: 'bob' }), bobs))).subject).toBe('bob')
    expect(bobs.visited).toHaveLength(1)
    // One registration, refused for its scopes and made without, serves both.
    expect(await requests('register')).toHaveLength(2)
  })

  verifies('MCP-CLIENT-token-storage', 'the store sees no token, no owner and no server', async () => {
    const inner = memoryStore()
    const seen: string[] = []
    const put: Store['put'] = (key, value, options) => {
      seen.push(key, new TextDecoder().decode(value))
      return inner.put(key, value, options)
    }
    const store = {
      specificationVersion: 2,
      durable: false,
      now: inner.now.bind(inner),
      put,
      get: inner.get.bind(inner),
      delete: inner.delete.bind(inner),
      list: inner.list.bind(inner),
      claimDue: inner.claimDue.bind(inner),
      increment: inner.increment.bind(inner),
    } as const satisfies Store
    const browser = browserOf(world.target, 'ann')
    await call(open(browser, { store, owner: 'the owner of this session' }), browser)
    expect(seen.length).toBeGreaterThan(4)
    expect(seen.join()).not.toMatch(/eyJ[\w-]+\.eyJ|access_token|the owner|127\.0\.0\.1/)
  })

  verifies('MCP-CLIENT-state', 'the browser may come back to another process, once, and for its owner', async () => {
    const kept = durable()
    const browser = browserOf(world.target, 'ann')
    await expect(connect(open(browser, kept))).rejects.toSatisfy((error) => UnauthorizedError.isInstance(error))
    const callback = await browser.callback()
    const unknown = { problem: 'unknown_state' }
    await expect(open(browser, { ...kept, owner: 'bob' }).finishSignIn(callback)).rejects.toMatchObject(unknown)
    await expect(open(browser, kept).finishSignIn(`${redirectUri}?code=x&state=guess`)).rejects.toMatchObject(unknown)
    await open(browser, kept).finishSignIn(callback)
    await expect(open(browser, kept).finishSignIn(callback)).rejects.toMatchObject(unknown)
    expect((await (await connect(open(browser, kept))).listTools()).tools.length).toBeGreaterThan(0)
  })

  const answered = async (change: (url: URL) => void) => {
    const browser = browserOf(world.target, 'ann')
    const session = open(browser)
    await connect(session).catch(() => {})
    const callback = new URL(await browser.callback())
    change(callback)
    callback.searchParams.set('error', 'server_error')
    callback.searchParams.set('error_description', 'call this number')
    return String(await session.finishSignIn(callback).catch((thrown: unknown) => thrown))
  }

  verifies('MCP-CLIENT-iss', 'an answer of no issuer is refused, where the server names itself', async () => {
    expect(await answered((url) => url.searchParams.delete('iss'))).toContain('IssuerMismatchError')
    expect(await answered((url) => url.searchParams.set('iss', 'https://evil.example'))).toContain(
      'IssuerMismatchError',
    )
  })

  verifies('MCP-CLIENT-iss-text', 'the words of another issuer are not repeated', async () => {
    const told = await answered((url) => url.searchParams.set('iss', 'https://evil.example'))
    expect(told).not.toContain('this number')
    expect(told).not.toContain('server_error')
  })

  test('a refusal is told by its code alone', async () => {
    const browser = browserOf(world.target, 'ann')
    const session = open(browser)
    await connect(session).catch(() => {})
    const callback = new URL(await browser.callback())
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    callback.searchParams.set('error_description', 'call this number')
    const error = await session.finishSignIn(callback).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SignInError)
    expect(String(error)).toContain('access_denied')
    expect(String(error)).not.toContain('this number')
  })

  test('ten processes that need a refresh make one', async () => {
    const kept = { ...durable(), client: registered() }
    const browser = browserOf(world.target, 'ann')
    const first = open(browser, kept)
    world.serve({ gate: { metadata: { scopes: ['mcp:tools', 'mcp:trade', 'offline_access'] } } })
    await call(first, browser)
    const before = (await requests('token')).length
    // The server does not take the token any more: everybody is told 401 at the same time.
    world.serve({ gate: { clock: { now: () => Date.now() + 2 * 3600_000 } } })
    await Promise.all(
      Array.from({ length: 10 }, async () => connect(open(browser, kept)).catch((error: unknown) => error)),
    )
    const refreshes = (await requests('token')).length - before
    expect([1, 2]).toContain(refreshes)
    // And what they share still lives: the family was not revoked for reuse.
    world.serve()
    const fresh = browserOf(world.target, 'ann')
    expect(JSON.parse(textOf(await call(open(fresh, kept), fresh))).subject).toBe('ann')
    expect(fresh.visited).toHaveLength(0)
  })
})
