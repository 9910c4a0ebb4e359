import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { type TokenCacheKey, tokenCacheKey, type WantedToken } from '../../../src/token-exchange/token-cache-key.ts'

const NOW = Date.parse('2026-11-25T10:00:00Z')
const at = { now: NOW }
const clock = { now: () => at.now }
const issued = (lifeSeconds: number | undefined, value = 'token') => ({
  token: new Token(value),
  scopes: ['a'],
  ...(lifeSeconds !== undefined && { expiresAt: NOW / 1000 + lifeSeconds }),
})

const ann: UserIdentity = Object.freeze({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  clientId: 'web',
  claims: {},
})
const wanted: WantedToken = Object.freeze({
  source: 'resource',
  target: 'https://api.example.com',
  scopes: Object.freeze(['a', 'b']),
})
const key = tokenCacheKey(ann, wanted)
const fresh = (options = {}) => {
  at.now = NOW
  return new TokenCache({ clock, ...options })
}
const never = () => Promise.reject(new Error('not expected to load'))

describe('TokenCache', () => {
  test('loads once, and gives what it has after that', async () => {
    const cache = fresh()
    const token = issued(300)
    expect(cache.peek(key)).toBeUndefined()
    expect(await cache.get(key, () => Promise.resolve(token))).toBe(token)
    expect(cache.peek(key)).toBe(token)
    expect(await cache.get(key, never)).toBe(token)
  })

  test(verifies('I4', 'fifty who ask at once make one request'), async () => {
    const cache = fresh()
    let loads = 0
    const load = async () => {
      loads++
      await new Promise((resolve) => setTimeout(resolve, 5))
      return issued(300)
    }
    const all = await Promise.all(Array.from({ length: 50 }, () => cache.get(key, load)))
    expect(loads).toBe(1)
    expect(new Set(all).size).toBe(1)
  })

  test('other keys do not wait for each other, nor share', async () => {
    const cache = fresh()
    const bob = tokenCacheKey({ ...ann, subject: 'bob' }, wanted)
    const [first, second] = await Promise.all([
      cache.get(key, () => Promise.resolve(issued(300, 'of ann'))),
      cache.get(bob, () => Promise.resolve(issued(300, 'of bob'))),
    ])
    expect(first).not.toBe(second)
    expect(cache.peek(bob)).toBe(second)
    expect(cache.peek(key)).toBe(first)
  })

  test('gives no token out in its last thirty seconds, and none earlier than twice that before its end', async () => {
    for (let round = 0; round < 50; round++) {
      const cache = fresh()
      await cache.get(key, () => Promise.resolve(issued(3600)))
      at.now = NOW + 3539_000
      expect(cache.peek(key)).toBeDefined()
      at.now = NOW + 3570_000
      expect(cache.peek(key)).toBeUndefined()
      expect(cache.size).toBe(0)
    }
  })

  test('tokens issued together are not renewed together', async () => {
    const cache = fresh()
    const keys = Array.from({ length: 50 }, (_, index) => tokenCacheKey({ ...ann, subject: `u${index}` }, wanted))
    for (const one of keys) await cache.get(one, () => Promise.resolve(issued(3600)))
    at.now = NOW + 3555_000
    const alive = keys.filter((one) => cache.peek(one) !== undefined).length
    expect(alive).toBeGreaterThan(0)
    expect(alive).toBeLessThan(50)
  })

  test('a short-lived token is used for half of its life at least', async () => {
    const cache = fresh()
    await cache.get(key, () => Promise.resolve(issued(20)))
    at.now = NOW + 9_900
    expect(cache.peek(key)).toBeDefined()
    at.now = NOW + 15_000
    expect(cache.peek(key)).toBeUndefined()
  })

  test.each([[undefined], [0], [-5]])(
    verifies('I7', 'a token that lives for %s seconds is given out and not kept'),
    async (life) => {
      const cache = fresh()
      await cache.get(key, () => Promise.resolve(issued(life)))
      expect(cache.peek(key)).toBeUndefined()
      expect(cache.size).toBe(0)
    },
  )

  test('a failure is told to all who wait, and forgotten', async () => {
    const cache = fresh()
    let loads = 0
    const fail = () => {
      loads++
      return Promise.reject(new Error('down'))
    }
    const results = await Promise.allSettled([cache.get(key, fail), cache.get(key, fail)])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    expect(loads).toBe(1)
    await expect(cache.get(key, () => Promise.resolve(issued(300)))).resolves.toBeDefined()
  })

  test(verifies('I4', "one caller's abort does not abort the others"), async () => {
    const cache = fresh()
    const controller = new AbortController()
    let aborted = false
    const load = async (signal: AbortSignal) => {
      signal.addEventListener('abort', () => {
        aborted = true
      })
      await new Promise((resolve) => setTimeout(resolve, 20))
      return issued(300)
    }
    const first = cache.get(key, load, controller.signal)
    const second = cache.get(key, load)
    controller.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    expect(aborted).toBe(false)
    await expect(second).resolves.toBeDefined()
  })

  test('keeps no more than it may, and drops the least used', async () => {
    const cache = fresh({ maxEntries: 2 })
    const [a, b, c] = ['a', 'b', 'c'].map((subject) => tokenCacheKey({ ...ann, subject }, wanted)) as [
      TokenCacheKey,
      TokenCacheKey,
      TokenCacheKey,
    ]
    await cache.get(a, () => Promise.resolve(issued(300)))
    await cache.get(b, () => Promise.resolve(issued(300)))
    cache.peek(a)
    await cache.get(c, () => Promise.resolve(issued(300)))
    expect([a, b, c].map((one) => cache.peek(one) !== undefined)).toEqual([true, false, true])
  })

  test('drops one token, but not the one that replaced it', async () => {
    const cache = fresh()
    const old = await cache.get(key, () => Promise.resolve(issued(300, 'old')))
    cache.delete(key, old)
    const next = await cache.get(key, () => Promise.resolve(issued(300, 'new')))
    cache.delete(key, old)
    expect(cache.peek(key)).toBe(next)
    cache.delete(key)
    expect(cache.peek(key)).toBeUndefined()
  })

  test('revoke drops only the tokens of one owner', async () => {
    const cache = fresh()
    const keyOf = (change: Partial<UserIdentity>) => tokenCacheKey({ ...ann, ...change }, wanted)
    const keys = [keyOf({ sessionId: 's1' }), keyOf({ sessionId: 's2' }), keyOf({ subject: 'bob', sessionId: 's1' })]
    for (const one of keys) await cache.get(one, () => Promise.resolve(issued(300)))
    expect(cache.deleteWhere(({ subject, session }) => subject === 'ann' && session === 's1')).toBe(1)
    expect(keys.map((one) => cache.peek(one) !== undefined)).toEqual([false, true, true])
  })

  test('the owner is told as the identity has it', async () => {
    const cache = fresh()
    const owner = { issuer: 'i', tenant: 't', subject: '["', clientId: 'c' }
    const user = { kind: 'user', ...owner, sessionId: 's', delegationId: 'd', claims: {} } as const
    await cache.get(tokenCacheKey(user, wanted), () => Promise.resolve(issued(300)))
    await cache.get(tokenCacheKey({ kind: 'agent', issuer: 'i', clientId: 'c', claims: {} }, wanted), () =>
      Promise.resolve(issued(300)),
    )
    const owners: unknown[] = []
    cache.deleteWhere((one) => owners.push(one) === 0)
    expect(owners).toEqual([
      { issuer: 'i', clientId: 'c' },
      { ...owner, session: 's', delegation: 'd' },
    ])
  })

  test('what was under way at a revoke is neither kept nor joined', async () => {
    const cache = fresh()
    let finish: (() => void) | undefined
    const before = cache.get(key, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return issued(300, 'before')
    })
    await new Promise((resolve) => setTimeout(resolve, 1))
    cache.deleteWhere(() => true)
    const after = await cache.get(key, () => Promise.resolve(issued(300, 'after')))
    finish?.()
    expect(await before).not.toBe(after)
    expect(cache.peek(key)).toBe(after)
  })

  test.each([
    ['tokenCache.maxEntries', { maxEntries: 0 }],
    ['tokenCache.maxEntries', { maxEntries: 1.5 }],
    ['tokenCache.skewSeconds', { skewSeconds: -1 }],
    ['tokenCache.max', { max: 10 }],
  ])('%s is refused at construction', (option, options) => {
    expect(() => new TokenCache(options as never)).toThrow(option)
  })
})
