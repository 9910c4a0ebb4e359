import { AsyncLocalStorage } from 'node:async_hooks'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { withSignIn } from '../../src/client/index.ts'
import { browserOf } from '../browser.ts'
import { openWorld, type World } from '../world.ts'
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

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
const outside = AsyncLocalStorage.snapshot()
const inOwnContext = (send: () => Promise<unknown>) => outside(send)
const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 2 }
const repeats =
  'withSignIn.work: called "whoami", and then needed a sign-in, after which it would call that tool again: make one call in each withSignIn, or give client.scopes and client.scopesUpFront'

test.each([
  ['', (send: () => Promise<unknown>) => send()],
  [' by a client in a context of its own', inOwnContext],
])('withSignIn does not do work again that called a tool%s, and shows no page for it', async (_, within) => {
  const browser = browserOf(world.target, 'ann')
  const session = sessions.open(world, browser)
  const [worked, ended] = [vi.fn(), vi.fn()]
  const work = async () => {
    worked()
    const client = await sessions.connect(world, session)
    await within(() => client.callTool({ name: 'whoami', arguments: {} }))
    ended()
    return client.callTool({ name: 'create_order', arguments: order })
  }
  await expect(withSignIn(session, browser.callback, work)).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', message: repeats, cause: expect.any(Error) }),
  )
  expect(page).toContain(repeats)
  expect([worked, ended].map(({ mock }) => mock.calls.length)).toEqual([2, 1])
  expect(browser.visited).toHaveLength(1)
  // One call in each shows the page, and is made.
  await sessions.call(world, session, browser, 'create_order', order)
  expect(browser.visited).toHaveLength(2)
  // With all scopes, nothing is done again.
  await withSignIn(session, browser.callback, work)
  expect([worked, ended].map(({ mock }) => mock.calls.length)).toEqual([3, 2])
})

test('withSignIn does work again whose calls at the same time were all refused', async () => {
  const browser = browserOf(world.target, 'ann')
  const session = sessions.open(world, browser)
  const work = async () => {
    const client = await sessions.connect(world, session)
    const calls = [2, 3].map((quantity) => client.callTool({ name: 'create_order', arguments: { ...order, quantity } }))
    return (await Promise.all(calls)).length
  }
  expect(await withSignIn(session, browser.callback, work)).toBe(2)
  expect(browser.visited).toHaveLength(2)
})
