import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { InvalidTokenError, OAuthResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { systemClock } from '../../../src/base/ports.ts'
import { type IssuedToken, Token } from '../../../src/credential/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { SharedTokens } from '../../../src/token-exchange/shared-tokens.ts'
import { TokenCache } from '../../../src/token-exchange/token-cache.ts'
import { tokenCacheKey } from '../../../src/token-exchange/token-cache-key.ts'

const keys = { seal: [new Uint8Array(32).fill(3)], index: new Uint8Array(32).fill(4) } as const
const ann: UserIdentity = { kind: 'user', issuer: 'https://login.example.com', subject: 'ann', claims: { jti: 'j-1' } }
const key = tokenCacheKey(ann, { source: 'resource', target: 'https://api.example.com/', scopes: ['trade:write'] })
const ours = { client: 'agent-app', agent: 'agent:trader' }

/** Eight processes that ask for one token at the same time. */
async function asked(fail: () => Error) {
  const store = { ...methodsOf(memoryStore()), durable: true }
  const shared = () => new SharedTokens({ store, keys, clock: systemClock })
  const caches = Array.from({ length: 8 }, () => new TokenCache({ shared: shared() }))
  let loads = 0
  const load = async (): Promise<IssuedToken> => {
    loads++
    await new Promise((resolve) => setTimeout(resolve, 30))
    throw fail()
  }
  const errors = await Promise.all(
    caches.map((cache) =>
      cache.get(key, load, undefined, ours).then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  )
  const good = async (): Promise<IssuedToken> => {
    loads++
    return { token: new Token('good'), scopes: ['trade:write'], expiresAt: Date.now() / 1000 + 300 }
  }
  return { errors, loads: () => loads, next: () => caches[3]?.get(key, good, undefined, ours) }
}

function methodsOf(store: ReturnType<typeof memoryStore>) {
  return {
    specificationVersion: 2 as const,
    now: store.now.bind(store),
    get: store.get.bind(store),
    put: store.put.bind(store),
    delete: store.delete.bind(store),
    claimDue: store.claimDue.bind(store),
    list: store.list.bind(store),
    increment: store.increment.bind(store),
  }
}

describe('an exchange that fails while other processes wait for it', () => {
  test('is made once, and its refusal is told to all of them with its fields', async () => {
    const refusal = () =>
      new OAuthResponseError({
        error: 'insufficient_user_authentication',
        errorDescription: 'log in again',
        status: 401,
        acrValues: ['high'],
        maxAge: 60,
      })
    const { errors, loads } = await asked(refusal)
    expect(loads()).toBe(1)
    for (const error of errors) {
      expect(error).toBeInstanceOf(OAuthResponseError)
      expect(error).toMatchObject({ ...refusal() })
    }
  })

  test('is made once, and its outage is told to all of them', async () => {
    const { errors, loads } = await asked(() => new TransportError('no answer', { status: 503, retryAfter: 7 }))
    expect(loads()).toBe(1)
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true, status: 503, retryAfter: 7 })
    }
  })

  test('does not fail the next call, which exchanges at once', async () => {
    const { loads, next } = await asked(() => new TransportError('no answer'))
    const began = performance.now()
    expect(await next()).toBeDefined()
    expect(performance.now() - began).toBeLessThan(500)
    expect(loads()).toBe(2)
  })

  test('is made by each of them where its error is no answer of the server', async () => {
    const { errors, loads } = await asked(() => new InvalidTokenError('claims', 'of this response alone'))
    expect(loads()).toBe(8)
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
  })
})
