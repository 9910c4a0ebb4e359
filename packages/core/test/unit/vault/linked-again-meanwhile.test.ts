import { verifies } from '@behalf/testing/requirements'
import { HttpResponse } from 'msw'
import { beforeEach, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4865', () => clock.now())
const other = await provider('http://localhost:4867', () => clock.now())
useMsw(...crm.handlers, ...other.handlers)
beforeEach(() => {
  crm.reset()
  other.reset()
})

const away = () => HttpResponse.json({}, { status: 503 }) as never

/** A link whose process dies after it stored the account, before it looked the proof up again. */
function dyingLink(store: ReturnType<typeof world>['store']) {
  const stored = Promise.withResolvers<void>()
  let writes = 0
  const dying = tapped(store, async (operation, key, next) => {
    if (operation !== 'put' || !key.startsWith('account:')) return next()
    if (++writes > 1) {
      stored.resolve()
      return new Promise<never>(() => {})
    }
    return next()
  })
  const { start, finish } = world(crm, { clock, store: dying })
  return async () => {
    const { url } = await start()
    void finish(crm.codeFor(url))
    await stored.promise
  }
}

test(
  verifies('I11', 'a link whose proof was not looked up again serves no call that waited for an early renewal'),
  async () => {
    const here = world(crm, { clock })
    await here.link()
    const link = dyingLink(here.store)
    clock.advance(3590)
    crm.before = async () => {
      crm.before = () => undefined
      await link()
      return away()
    }
    expect(await here.tokenOf()).toBe('unavailable')
  },
)

test(verifies('I11', 'nor one that waited for another process to renew the token'), async () => {
  const base = world(crm, { clock })
  await base.link()
  const link = dyingLink(base.store)
  let isLinked = false
  const store = tapped(base.store, async (operation, key, next) => {
    if (operation === 'put' && key.startsWith('lease:') && !isLinked) {
      isLinked = true
      await link()
    }
    return next()
  })
  clock.advance(3700)
  expect(await world(crm, { clock, store }).tokenOf()).toBe('unavailable')
})

test('a token of another provider is not served, where the account was linked there while an early renewal was under way', async () => {
  const here = world(crm, { clock })
  await here.link()
  const elsewhere = world(other, { clock, store: here.store })
  clock.advance(3590)
  crm.before = async () => {
    crm.before = () => undefined
    await elsewhere.link()
    return away()
  }
  expect(await here.tokenOf()).toBe('must_reconnect')
  expect(await elsewhere.tokenOf()).toMatch(/^access-/)
})

test('a refresh token of another provider is not sent, where the account was linked there while this process waited for its turn', async () => {
  const base = world(crm, { clock })
  await base.link()
  const elsewhere = world(other, { clock, store: base.store })
  let isLinked = false
  const store = tapped(base.store, async (operation, key, next) => {
    if (operation === 'put' && key.startsWith('lease:') && !isLinked) {
      isLinked = true
      await elsewhere.link()
      clock.advance(3700)
    }
    return next()
  })
  clock.advance(3700)
  crm.forms.length = 0
  expect(await world(crm, { clock, store }).tokenOf()).toBe('must_reconnect')
  expect(crm.forms.map(String)).toEqual([])
  expect(await elsewhere.tokenOf()).toMatch(/^access-/)
})
