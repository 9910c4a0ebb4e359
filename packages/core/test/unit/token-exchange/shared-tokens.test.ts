import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { OAuthResponseError, StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { type IssuedToken, type ProofKey, revealToken, Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { generateDpopKey, importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { SharedTokens } from '../../../src/token-exchange/shared-tokens.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey, type WantedToken } from '../../../src/token-exchange/token-cache-key.ts'
import { overStore } from '../records/over-store.ts'

const keys = { seal: [new Uint8Array(32).fill(3)], index: new Uint8Array(32).fill(4) } as const
const ann: UserIdentity = {
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann-archer',
  sessionId: 'session-of-ann',
  claims: { jti: 'j-1' },
}
const wanted: WantedToken = { source: 'resource', target: 'https://api.example.com/', scopes: ['trade:write'] }
const key = tokenCacheKey(ann, wanted)
const ours = { client: 'agent-app', agent: 'agent:trader' }
const SECRET = 'an-exchanged-token-of-ann'

/** Processes that share a store: each has a cache of its own. */
function processes(over: Partial<Store> = {}) {
  const at = { now: Date.now() }
  const clock = { now: () => at.now }
  const inner = memoryStore({ clock })
  const written: Uint8Array[] = []
  const names: string[] = []
  const put: Store['put'] = (name, value, options) => {
    written.push(value)
    names.push(name)
    return inner.put(name, value, options)
  }
  const store = overStore(overStore(inner, { durable: true, put }), over)
  let loads = 0
  const load = async (life = 300, value = `${SECRET}-${loads + 1}`, dpop?: ProofKey): Promise<IssuedToken> => {
    loads++
    await new Promise((resolve) => setTimeout(resolve, 20))
    const expiresAt = at.now / 1000 + life
    return { token: new Token(value), scopes: ['trade:write'], expiresAt, ...(dpop !== undefined && { dpop }) }
  }
  return {
    at,
    store,
    inner,
    written,
    names,
    load,
    loads: () => loads,
    process: (own = keys as typeof keys) =>
      new TokenCache({ clock, shared: new SharedTokens({ store, keys: own, clock }) }),
  }
}

const textOf = ({ token }: IssuedToken) => revealToken(token)

describe('tokens that processes share', () => {
  test('a token that came between a look and the right to exchange is taken', async () => {
    const first = processes()
    const second = processes(
      overStore(first.store, {
        async put(name, value, options) {
          // The other process looked, exchanged and let go, all before this one asks for the right.
          if (name.startsWith('token-claim:')) await first.process().get(key, () => first.load(), undefined, ours)
          return first.store.put(name, value, options)
        },
      }),
    )
    expect(textOf(await second.process().get(key, () => second.load(), undefined, ours))).toBe(`${SECRET}-1`)
    expect([first.loads(), second.loads()]).toEqual([1, 0])
  })

  test('four processes with fifty calls each exchange once', async () => {
    const { process, load, loads } = processes()
    const caches = Array.from({ length: 4 }, () => process())
    const all = await Promise.all(
      caches.flatMap((cache) => Array.from({ length: 50 }, () => cache.get(key, () => load(), undefined, ours))),
    )
    expect(loads()).toBe(1)
    expect(new Set(all.map(textOf)).size).toBe(1)
    expect(caches.every((cache) => cache.peek(key) !== undefined)).toBe(true)
  })

  test('are sealed, under names that tell nothing', async () => {
    const { process, load, written, names } = processes()
    await process().get(key, () => load(), undefined, ours)
    expect(written.length).toBeGreaterThan(0)
    const text = written.map((bytes) => new TextDecoder().decode(bytes)).join() + names.join()
    for (const plain of [SECRET, 'ann-archer', 'session-of-ann', 'login.example.com', 'trade'])
      expect(text).not.toContain(plain)
  })

  test('are not those of another user, session, proof, target or scope', async () => {
    const { process, load, loads } = processes()
    const others = [
      tokenCacheKey(ann, wanted),
      tokenCacheKey({ ...ann, subject: 'bob' }, wanted),
      tokenCacheKey({ ...ann, tenant: 't' }, wanted),
      tokenCacheKey({ ...ann, sessionId: 's-2' }, wanted),
      tokenCacheKey({ ...ann, actor: { subject: 'agent:other' } }, wanted),
      tokenCacheKey(admit({ ...ann }, { token: new Token('another-token'), type: 'access_token' }), wanted),
      tokenCacheKey(ann, { ...wanted, target: 'https://other.example.com/' }),
      tokenCacheKey(ann, { ...wanted, scopes: ['portfolio:read'] }),
    ]
    const values = await Promise.all(others.map((one) => process().get(one, () => load(), undefined, ours)))
    expect(loads()).toBe(others.length)
    expect(new Set(values.map(textOf)).size).toBe(others.length)
  })

  test('are not those of another agent, or of another client', async () => {
    const { process, load, loads } = processes()
    await process().get(key, () => load(), undefined, ours)
    await process().get(key, () => load(), undefined, { ...ours, agent: 'agent:other' })
    await process().get(key, () => load(), undefined, { ...ours, client: 'other-app' })
    expect(loads()).toBe(3)
  })

  test('only where the caller says that they may be', async () => {
    const { process, load, loads, written } = processes()
    await process().get(key, () => load())
    await process().get(key, () => load())
    expect(loads()).toBe(2)
    expect(written).toEqual([])
  })

  test('a token that an API refused is not taken again, by this process', async () => {
    const { process, load, loads } = processes()
    const [first, second] = [process(), process()]
    const refused = await first.get(key, () => load(), undefined, ours)
    expect(textOf(await second.get(key, () => load(), undefined, ours))).toBe(textOf(refused))
    second.delete(key, second.peek(key))
    const fresh = await second.get(key, () => load(), undefined, ours)
    expect(textOf(fresh)).not.toBe(textOf(refused))
    expect(loads()).toBe(2)
    expect(textOf(await process().get(key, () => load(), undefined, ours))).toBe(textOf(fresh))
  })

  test('are exchanged again shortly before their end', async () => {
    const { process, load, loads, at } = processes()
    await process().get(key, () => load(300), undefined, ours)
    at.now += 235_000
    await process().get(key, () => load(300), undefined, ours)
    expect(loads()).toBe(1)
    at.now += 10_000
    await process().get(key, () => load(300), undefined, ours)
    expect(loads()).toBe(2)
  })

  test('a failure is told, and frees the way for the next', async () => {
    const { process, load, loads } = processes()
    const refusal = new OAuthResponseError({ error: 'invalid_grant', status: 400 })
    await expect(process().get(key, () => Promise.reject(refusal), undefined, ours)).rejects.toBe(refusal)
    const began = performance.now()
    await process().get(key, () => load(), undefined, ours)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(loads()).toBe(1)
  })
})

describe('a revocation', () => {
  test.each([
    ['the user', { issuer: ann.issuer, subject: 'ann-archer' }],
    ['the session', { issuer: ann.issuer, subject: 'ann-archer', session: 'session-of-ann' }],
    ['the session alone', { issuer: ann.issuer, session: 'session-of-ann' }],
  ])('of %s lets no process find them', async (_, owner) => {
    const { process, load, loads } = processes()
    const [first, second] = [process(), process()]
    await first.get(key, () => load(), undefined, ours)
    expect(await first.revoke(owner)).toBe(1)
    expect(first.peek(key)).toBeUndefined()
    await second.get(key, () => load(), undefined, ours)
    expect(loads()).toBe(2)
  })

  test('of another user changes nothing', async () => {
    const { process, load, loads } = processes()
    const first = process()
    await first.get(key, () => load(), undefined, ours)
    await first.revoke({ issuer: ann.issuer, subject: 'bob' })
    await first.revoke({ issuer: ann.issuer, tenant: 't', subject: 'ann-archer' })
    await first.revoke({ issuer: ann.issuer, session: 's-2' })
    await first.revoke({ issuer: 'https://other.example', subject: 'ann-archer' })
    expect(first.peek(key)).toBeDefined()
    await process().get(key, () => load(), undefined, ours)
    expect(loads()).toBe(1)
  })

  test('that comes while another process exchanges: its token is not found by others', async () => {
    const { process, load, loads } = processes()
    const [first, second] = [process(), process()]
    const underWay = first.get(key, () => load(), undefined, ours)
    await new Promise((resolve) => setTimeout(resolve, 10))
    await second.revoke({ issuer: ann.issuer, subject: 'ann-archer' })
    await underWay
    await process().get(key, () => load(), undefined, ours)
    expect(loads()).toBe(2)
  })

  test('that the store does not take is told, and holds here', async () => {
    const { process, load } = processes({
      put: (name, value, options) => {
        if (name.startsWith('token-epoch:')) throw new StoreError('unavailable', 'down')
        return processes().inner.put(name, value, options)
      },
    })
    const first = process()
    await first.get(key, () => load(), undefined, ours)
    await expect(first.revoke({ issuer: ann.issuer, subject: 'ann-archer' })).rejects.toThrow('down')
    expect(first.peek(key)).toBeUndefined()
  })
})

describe('a store that fails', () => {
  const down = () => Promise.reject(new StoreError('unavailable', 'down'))

  test.each([
    ['reading', { get: down }],
    ['writing', { put: down }],
    ['both', { get: down, put: down, delete: down }],
  ])('at %s costs an exchange, and nothing else', async (_, over) => {
    const { process, load, loads } = processes(over)
    await expect(process().get(key, () => load(), undefined, ours)).resolves.toBeDefined()
    await expect(process().get(key, () => load(), undefined, ours)).resolves.toBeDefined()
    expect(loads()).toBe(2)
  })

  test('another key does not open them, and a changed record gives no token', async () => {
    const { process, load, loads, inner, names } = processes()
    await process().get(key, () => load(), undefined, ours)
    const other = { ...keys, seal: [new Uint8Array(32).fill(9)] as const }
    await process(other).get(key, () => load(), undefined, ours)
    expect(loads()).toBe(2)
    const name = names.find((one) => one.startsWith('token:')) as string
    const { version } = (await inner.get(name)) as { version: string }
    await inner.put(name, new TextEncoder().encode('not sealed'), { ifVersion: version })
    await process().get(key, () => load(), undefined, ours)
    expect(loads()).toBe(3)
  })

  test('a process that died with the claim is not waited for longer than its lease', async () => {
    const { process, load, at } = processes()
    const dead = process().get(key, () => new Promise<never>(() => {}), undefined, ours)
    dead.catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 10))
    const waiting = process().get(key, () => load(), undefined, ours)
    await new Promise((resolve) => setTimeout(resolve, 100))
    at.now += 11_000
    await expect(waiting).resolves.toBeDefined()
  })

  test('a caller that waits for another process may leave', async () => {
    const { process, load } = processes()
    process()
      .get(key, () => new Promise<never>(() => {}), undefined, ours)
      .catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 10))
    const controller = new AbortController()
    const waiting = process().get(key, () => load(), controller.signal, ours)
    controller.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
  })
})

describe('a bound token (I8)', () => {
  const imported = async () =>
    importDpopKey(
      (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])) as never,
    )

  test('is shared only by processes that hold its key', async () => {
    const { process, load, loads } = processes()
    const [mine, other] = [await imported(), await imported()]
    await process().get(key, () => load(300, 'bound', mine), undefined, { ...ours, dpop: mine })
    const shared = await process().get(key, () => load(300, 'new', mine), undefined, { ...ours, dpop: mine })
    expect(textOf(shared)).toBe('bound')
    expect(shared.dpop).toBe(mine)
    await process().get(key, () => load(300, 'other', other), undefined, { ...ours, dpop: other })
    await process().get(key, () => load(300, 'bearer'), undefined, ours)
    expect(loads()).toBe(3)
  })

  test(verifies('I8', 'is kept nowhere, where the key lives in this process alone'), async () => {
    const { process, load, loads, names } = processes()
    const dpop = await generateDpopKey()
    const cache = process()
    await cache.get(key, () => load(300, 'bound', dpop), undefined, { ...ours, dpop })
    expect(cache.size).toBe(0)
    await process().get(key, () => load(300, 'bound', dpop), undefined, { ...ours, dpop })
    expect(loads()).toBe(2)
    expect(names.filter((name) => !name.startsWith('token-claim:'))).toEqual([])
  })
})
