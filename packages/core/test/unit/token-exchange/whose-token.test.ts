import { describe, expect, test } from 'vitest'
import type { Actor, UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey, tokenOwnerOf, type WantedToken } from '../../../src/token-exchange/token-cache-key.ts'

const NOW = Date.parse('2026-11-25T10:00:00Z')
const ann: UserIdentity = {
  kind: 'user',
  issuer: 'https://login.example.com',
  tenant: 'acme',
  subject: 'ann',
  clientId: 'web',
  sessionId: 's-1',
  delegationId: 'd-1',
  claims: {},
}
const wanted: WantedToken = { source: 'resource', target: 'https://api.example.com', scopes: ['a'] }

describe('each part of a chain of actors tells tokens apart (I2)', () => {
  const actor = { subject: 'agent', issuer: 'https://a', clientId: 'c', profile: 'p', actor: { subject: 'gateway' } }
  const keyOf = (one: object) => tokenCacheKey({ ...ann, actor: one as Actor }, wanted)
  test.each(['subject', 'issuer', 'clientId', 'profile'])('its %s', (part) => {
    expect(keyOf({ ...actor, [part]: 'other' })).not.toBe(keyOf(actor))
  })

  test('who acted before', () => {
    expect(keyOf({ ...actor, actor: { subject: 'other' } })).not.toBe(keyOf(actor))
    expect(keyOf({ ...actor, actor: { subject: 'gateway', actor: { subject: 'proxy' } } })).not.toBe(keyOf(actor))
  })
})

describe('whose token a key is for (I9)', () => {
  test('all that it says of its owner', () => {
    const { issuer, tenant, subject, clientId, sessionId: session, delegationId: delegation } = ann
    expect(tokenOwnerOf(tokenCacheKey(ann, wanted))).toEqual({ issuer, tenant, subject, clientId, session, delegation })
    const agent = { kind: 'agent', issuer, clientId: 'worker', claims: {} } as const
    expect(tokenOwnerOf(tokenCacheKey(agent, wanted))).toEqual({ issuer, clientId: 'worker' })
  })

  const owner = { issuer: ann.issuer, tenant: 'acme' }
  test.each<readonly [Parameters<TokenCache['revoke']>[0], number]>([
    [{ ...owner, subject: 'ann' }, 1],
    [{ ...owner, session: 's-1' }, 1],
    [{ ...owner, delegation: 'd-1' }, 1],
    [{ ...owner, subject: 'ann', session: 's-1', delegation: 'd-1' }, 1],
    [{ ...owner, subject: 'bob' }, 0],
    [{ ...owner, subject: 'ann', session: 's-2' }, 0],
    [{ ...owner, subject: 'ann', delegation: 'd-2' }, 0],
    [{ issuer: 'https://other.example.com', tenant: 'acme', subject: 'ann' }, 0],
    [{ issuer: ann.issuer, tenant: 'other', subject: 'ann' }, 0],
    [{ issuer: ann.issuer, subject: 'ann' }, 1],
  ])('%j drops %i', async (of, dropped) => {
    const cache = new TokenCache({ clock: { now: () => NOW } })
    const issued = { token: new Token('token'), scopes: ['a'], expiresAt: NOW / 1000 + 300 }
    await cache.get(tokenCacheKey(ann, wanted), async () => issued)
    expect(await cache.revoke(of)).toBe(dropped)
    expect(cache.size).toBe(1 - dropped)
  })
})

test('a caller that left before it asked gets no token, not even a cached one', async () => {
  const cache = new TokenCache({ clock: { now: () => NOW } })
  const key = tokenCacheKey(ann, wanted)
  await cache.get(key, async () => ({ token: new Token('token'), scopes: [], expiresAt: NOW / 1000 + 300 }))
  const gone = AbortSignal.abort(new Error('gone'))
  await expect(cache.get(key, () => Promise.reject(new Error('asked')), gone)).rejects.toThrow('gone')
})

test('what says no end, or ends now, is not kept (I7)', async () => {
  const cache = new TokenCache({ clock: { now: () => NOW } })
  const key = tokenCacheKey(ann, wanted)
  for (const expiresAt of [undefined, NOW / 1000, NOW / 1000 - 1]) {
    const issued = { token: new Token('token'), scopes: [], ...(expiresAt !== undefined && { expiresAt }) }
    expect(await cache.get(key, async () => issued)).toBe(issued)
    expect(cache.size).toBe(0)
  }
})
