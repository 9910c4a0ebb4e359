import { HttpResponse, http } from 'msw'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4865', () => clock.now())
const msw = useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const name = { connection: 'crm', account: 'a-1' }
const away = () => HttpResponse.json({}, { status: 503 }) as never

test('a token is not served after a disconnect while its early renewal was under way', async () => {
  const here = world(crm, { clock })
  const elsewhere = world(crm, { clock, store: here.store })
  await here.link()
  clock.advance(3590)
  crm.before = async () => {
    await elsewhere.vault.accounts.disconnect(user(), name)
    return away()
  }
  expect(await here.tokenOf()).toBe('not_connected')
})

test('nor while the provider is being told of that disconnect, or where its process died in that moment', async () => {
  const here = world(crm, { clock })
  const elsewhere = world(crm, { clock, store: here.store })
  await here.link()
  clock.advance(3590)
  const heard = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  msw.use(
    http.post('http://localhost:4865/revoke', async () => {
      heard.resolve()
      await ended.promise
      return new Response(null, { status: 503 }) as never
    }),
  )
  let disconnecting: Promise<unknown> | undefined
  onTestFinished(async () => {
    ended.resolve()
    await disconnecting
    msw.resetHandlers(...crm.handlers)
  })
  crm.before = async () => {
    disconnecting ??= elsewhere.vault.accounts.disconnect(user(), name)
    await heard.promise
    return away()
  }
  expect(await here.tokenOf()).toBe('must_reconnect')
})

test('the token of a new link is served, where it was made while an early renewal was under way', async () => {
  const here = world(crm, { clock })
  const elsewhere = world(crm, { clock, store: here.store })
  await here.link()
  const first = await here.tokenOf()
  clock.advance(3590)
  crm.before = async () => {
    crm.before = () => undefined
    await elsewhere.link()
    return away()
  }
  const second = await here.tokenOf()
  expect(second).toMatch(/^access-/)
  expect(second).not.toBe(first)
})

test('a token that is renewed early serves while the provider is away, to its end', async () => {
  const { link, tokenOf } = world(crm, { clock })
  await link()
  const first = await tokenOf()
  clock.advance(3590)
  crm.before = away
  expect(await tokenOf()).toBe(first)
})
