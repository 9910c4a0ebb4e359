import { describe, expect, test } from 'vitest'
import { OAuthResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { type IssuedToken, revealToken, Token } from '../../../src/credential/index.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey } from '../../../src/token-exchange/token-cache-key.ts'
import { ann } from './exchange-server.ts'

const key = tokenCacheKey(ann, { source: 'resource', target: 'https://api.example.com/', scopes: ['trade:write'] })
const textOf = ({ token }: IssuedToken) => revealToken(token)

describe('a token that is due', () => {
  const cacheAt = () => {
    const at = { now: Date.now() }
    return { at, cache: new TokenCache({ clock: { now: () => at.now } }) }
  }
  const issued = (at: { now: number }, value: string, life = 300): IssuedToken => ({
    token: new Token(value),
    scopes: [],
    expiresAt: at.now / 1000 + life,
  })
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
  /** In the time when renewal is due for certain, and the token is still given out. */
  const DUE = 300_000 - 30_001

  test('is given at once, renewed meanwhile, and renewed once', async () => {
    const { at, cache } = cacheAt()
    await cache.get(key, async () => issued(at, 'old'))
    at.now += DUE
    let loads = 0
    const load = async () => {
      loads++
      await settle()
      return issued(at, 'new')
    }
    const all = await Promise.all(Array.from({ length: 50 }, () => cache.get(key, load)))
    expect(new Set(all.map(textOf))).toEqual(new Set(['old']))
    await settle()
    await settle()
    expect(loads).toBe(1)
    expect(textOf(cache.peek(key) as IssuedToken)).toBe('new')
  })

  test('is dropped when its renewal is refused, so that the next caller hears of it', async () => {
    const { at, cache } = cacheAt()
    await cache.get(key, async () => issued(at, 'old'))
    at.now += DUE
    const refused = () => Promise.reject(new OAuthResponseError({ error: 'invalid_grant', status: 400 }))
    expect(textOf(await cache.get(key, refused))).toBe('old')
    await settle()
    await expect(cache.get(key, refused)).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  test('outlives an outage of the server, until it ends', async () => {
    const { at, cache } = cacheAt()
    await cache.get(key, async () => issued(at, 'old'))
    at.now += DUE - 5_000
    let loads = 0
    const outage = () => {
      loads++
      return Promise.reject(new TransportError('down'))
    }
    const due = async () => (cache.peek(key) === undefined ? cache.get(key, outage) : undefined)
    for (let call = 0; call < 20; call++) expect(textOf((await due()) ?? (cache.peek(key) as IssuedToken))).toBe('old')
    await settle()
    expect(loads).toBeLessThanOrEqual(1)
    at.now += 5_001
    await cache.get(key, outage).catch(() => undefined)
    at.now += 30_000
    await expect(cache.get(key, outage)).rejects.toThrow('down')
  })
})
