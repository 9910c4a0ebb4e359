import { AsyncLocalStorage } from 'node:async_hooks'
import { memoryStore } from '@behalf/core'
import { auth, UnauthorizedError } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMcpSession, loopbackSignIn, type McpSessionOptions, withSignIn } from '../../src/client/index.ts'
import { browserOf } from '../browser.ts'
import { v2 } from '../clients.ts'
import { textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'
import { backFrom, redirectUri, servers, serverUrl } from './metadata-servers.ts'
import * as sessions from './session/sessions.ts'

/** An owner of sessions at a server whose authorization server grants all that it is asked for. */
function owner() {
  const { fetch } = servers()
  const store = memoryStore()
  const shown: string[] = []
  let tokens = 0
  const granting: McpSessionOptions['fetch'] = async (input, init) =>
    String(input).endsWith('/token')
      ? Response.json({ access_token: `token-${tokens++}`, token_type: 'Bearer' })
      : fetch(input, init)
  const session = (name = 'x') =>
    createMcpSession({
      serverUrl,
      owner: 'ann',
      client: { name, redirectUri },
      showSignIn: (url) => void shown.push(url.href),
      store,
      fetch: granting,
    })
  /** The server asks for a scope, as a challenge of it makes the SDK do. */
  const ask = (scope: string, { authProvider, fetch: fetchFn } = session()) =>
    auth(authProvider, { serverUrl, scope, fetchFn: fetchFn as typeof globalThis.fetch, forceReauthorization: true })
  const signIn = async (scope: string, by = session()) => {
    await ask(scope, by)
    await by.finishSignIn(backFrom(shown.at(-1), { code: 'c' }))
  }
  return { shown, session, ask, signIn }
}

const tooMany = { problem: 'too_many' }

describe('the limit of sign-ins', () => {
  test('does not count those that brought a new scope', async () => {
    const { shown, signIn } = owner()
    for (const scope of ['a', 'a b', 'a b c', 'a b c d', 'a b c d e']) await signIn(scope)
    expect(shown).toHaveLength(5)
  })

  test('begins again with such a sign-in, and then counts those that bring nothing new', async () => {
    const { shown, signIn, ask } = owner()
    for (const scope of ['x', 'y']) await ask(scope)
    await signIn('a')
    for (const scope of ['a', 'a', 'a']) await signIn(scope)
    await expect(ask('a')).rejects.toMatchObject(tooMany)
    await expect(ask('b')).rejects.toThrow('3 sign-ins in 10 minutes that brought no new scope')
    expect(shown).toHaveLength(6)
  })

  test('begins again with a sign-out, also for scopes that the user had', async () => {
    const { session, signIn, ask } = owner()
    for (const scope of ['a', 'b', 'c']) await ask(scope)
    await expect(ask('d')).rejects.toMatchObject(tooMany)
    await session().signOut()
    for (const scope of ['a', 'a b', 'a b c', 'a b c d']) await signIn(scope)
    await session().signOut()
    for (const scope of ['a', 'a b', 'a b c', 'a b c d']) await signIn(scope)
  })

  test('takes a scope that one agent got as a new one of another agent', async () => {
    const { session, signIn } = owner()
    for (const name of ['one', 'two', 'three', 'four', 'five']) await signIn('a', session(name))
  })

  test('is 20 in ten minutes, whatever they bring and however often the user signs out', async () => {
    const { shown, session, signIn, ask } = owner()
    for (let at = 0; at < 20; at++) await signIn(`scope-${at}`)
    await expect(ask('another')).rejects.toMatchObject(tooMany)
    await session().signOut()
    await expect(ask('another')).rejects.toThrow('20 sign-ins in 10 minutes')
    expect(shown).toHaveLength(20)
    vi.useFakeTimers({ now: Date.now() + 601_000, toFake: ['Date'] })
    await ask('another').finally(() => vi.useRealTimers())
  })
})

describe('withSignIn', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
  })
  afterAll(() => world.close())
  beforeEach(async () => {
    await world.target.reset()
    world.serve({ gate: { tools: { whoami: { scopes: ['mcp:trade'] } } } })
  })

  test('does work again after a sign-in, and not for ever', async () => {
    const { shown, session, ask } = owner()
    const own = session()
    const callback = async () => backFrom(shown.at(-1), { code: 'c' })
    let tries = 0
    const refused = async (scope: string, error: Error) => {
      await ask(scope, own)
      throw error
    }
    // Clients put the refusal into errors of their own.
    const works = async () => (++tries === 1 ? refused('a', new Error('Failed to connect: Unauthorized')) : 'done')
    expect(await withSignIn(own, callback, works)).toBe('done')
    expect(shown).toHaveLength(1)
    const never = () => refused(`scope-${tries++}`, new UnauthorizedError())
    await expect(withSignIn(own, callback, never)).rejects.toBeInstanceOf(UnauthorizedError)
    expect(shown).toHaveLength(4)
    // No page was asked for, so there is nothing to come back from.
    const other = () => Promise.reject(new UnauthorizedError())
    await expect(withSignIn(own, callback, other)).rejects.toBeInstanceOf(UnauthorizedError)
    expect(shown).toHaveLength(4)
  })

  test('shows calls that need a sign-in at the same time one page for each scope, which a person may take long for', async () => {
    const browser = browserOf(world.target, 'ann')
    let open = 0
    const session = sessions.open(world, {
      ...browser,
      async show(url) {
        expect(++open).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 50))
        await browser.show(url)
        open--
      },
    })
    const calls = await Promise.all([1, 2, 3, 4].map(() => sessions.call(world, session, browser)))
    expect(calls.map((call) => JSON.parse(textOf(call)).subject)).toEqual(['ann', 'ann', 'ann', 'ann'])
    expect(browser.visited.map((url) => url.searchParams.get('scope')?.split(' ').includes('mcp:trade'))).toEqual([
      false,
      true,
    ])
  })

  test('shows no page for tokens that came from another process while it waited for its turn', async () => {
    const [browser, other] = [browserOf(world.target, 'ann'), browserOf(world.target, 'ann')]
    const over = { store: memoryStore() }
    const [session, elsewhere] = [sessions.open(world, browser, over), sessions.open(world, other, over)]
    const work = async () => {
      try {
        return await (await sessions.connect(world, session)).listTools()
      } catch (error) {
        await sessions.call(world, elsewhere, other)
        throw error
      }
    }
    await withSignIn(session, browser.callback, work)
    expect([browser.visited.length, other.visited.length]).toEqual([0, 2])
  })

  test('shows no page for a scope that the tokens have, where the server refused them for another one', async () => {
    const browser = browserOf(world.target, 'ann')
    const session = sessions.open(world, browser)
    await withSignIn(session, browser.callback, async () => (await sessions.connect(world, session)).listTools())
    const client = await sessions.connect(world, session)
    await expect(client.callTool({ name: 'whoami', arguments: {} })).rejects.toThrow()
    expect(browser.visited).toHaveLength(2)
    const { authProvider, fetch: fetchFn } = session
    const options = { serverUrl: world.resource, scope: 'mcp:tools', fetchFn: fetchFn as typeof fetch }
    let tries = 0
    const work = async () => {
      if (++tries === 1) throw await auth(authProvider, { ...options, forceReauthorization: true })
      return 'done'
    }
    expect(await withSignIn(session, browser.callback, work)).toBe('done')
    expect(browser.visited).toHaveLength(2)
  })

  test('shows another page for tokens that the server refuses as a whole', async () => {
    const { shown, session } = owner()
    const own = session()
    const callback = async () => backFrom(shown.at(-1), { code: 'c' })
    await expect(withSignIn(own, callback, () => v2.connect(own, serverUrl))).rejects.toThrow()
    expect(shown).toHaveLength(3)
  })

  test('shows one page after work that asked for several, and none of work that went on without', async () => {
    const { shown, session, ask } = owner()
    const own = session()
    const callback = async () => backFrom(shown.at(-1), { code: 'c' })
    const asking = [['w'], ['a', 'b'], ['a b']]
    const work = async () => {
      const scopes = asking.shift() ?? []
      for (const scope of scopes) await ask(scope, own)
      if (scopes.length > 0 && scopes[0] !== 'w') throw new UnauthorizedError()
    }
    await withSignIn(own, callback, work)
    await withSignIn(own, callback, work)
    expect(shown.map((url) => new URL(url).searchParams.get('scope'))).toEqual(['a', 'a b'])
  })

  test('does not do work again that failed for another reason while other work asked for a sign-in', async () => {
    const { shown, session, ask } = owner()
    const own = session()
    const callback = async () => backFrom(shown.at(-1), { code: 'c' })
    const asked = Promise.withResolvers<void>()
    let tries = 0
    const asking = withSignIn(own, callback, async () => {
      if (++tries > 1) return 'done'
      await ask('a', own)
      asked.resolve()
      throw new UnauthorizedError()
    })
    let writes = 0
    const writing = withSignIn(own, callback, async () => {
      writes++
      await asked.promise
      throw new Error('the answer was lost')
    })
    await expect(writing).rejects.toThrow('the answer was lost')
    expect(await asking).toBe('done')
    expect(writes).toBe(1)
  })

  test('does work again whose client asked for the sign-in in a context of its own', async () => {
    const { shown, session, ask } = owner()
    const own = session()
    const outside = AsyncLocalStorage.snapshot()
    let tries = 0
    const work = async () => {
      if (++tries > 1) return 'done'
      await outside(() => ask('a', own))
      throw new UnauthorizedError()
    }
    expect(await withSignIn(own, async () => backFrom(shown.at(-1), { code: 'c' }), work)).toBe('done')
  })

  test('asks for all scopes of the client at the first page, where the app wants that', async () => {
    const browser = browserOf(world.target, 'ann')
    const scopes = ['mcp:tools', 'mcp:trade']
    const client = { name: 'x', redirectUri, scopes, scopesUpFront: true }
    await sessions.call(world, sessions.open(world, browser, { client }), browser)
    expect(browser.visited).toHaveLength(1)
    const bare = { client: { name: 'x', redirectUri, scopesUpFront: true } }
    expect(() => sessions.open(world, browser, bare)).toThrow('scopesUpFront: needs `client.scopes`')
  })

  test('throws what showSignIn throws at once, and waits for no browser', async () => {
    const open = () => {
      throw new Error('no browser here')
    }
    const browser = await loopbackSignIn({ open })
    const client = { name: 'x', redirectUri: browser.redirectUri }
    const session = sessions.open(world, browserOf(world.target, 'ann'), { client, showSignIn: browser.show })
    const work = () => sessions.connect(world, session)
    await expect(withSignIn(session, browser.callback, work)).rejects.toThrow('no browser here')
    await expect(work()).rejects.toThrow('no browser here')
    expect(session.signInsShown).toBe(0)
    await browser.close()
  })

  test('refuses a session that createMcpSession did not make', async () => {
    const fake = { authProvider: {} as never, finishSignIn: async () => {} }
    const done = withSignIn(
      fake,
      async () => '',
      async () => 'done',
    )
    await expect(done).rejects.toThrow('withSignIn.session: give what createMcpSession returned')
  })
})
