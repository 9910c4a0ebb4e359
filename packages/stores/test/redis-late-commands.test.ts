import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

if (!hasRedisServer) test('commands that reach Redis late', ({ skip }) => skip(redisServerMissing))

const value = new Uint8Array([1])
const away = { reason: 'unavailable', retryable: true }

describe.each(withRedisServer(['redis', 'ioredis', 'ioredisOnce'] as const))('client %s', (name) => {
  let server: RedisServer
  let admin: Redis
  beforeAll(async () => {
    server = await startRedisServer()
    admin = new Redis({ port: server.port })
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  test('what was given up is not done when it reaches the server later', async () => {
    const { store, prefix, close } = await redisUnderTest(name, server.port)
    const { store: hurried, close: closeHurried } = await redisUnderTest(name, server.port, { prefix, timeoutMs: 300 })
    const due = { queue: 'queue', inSeconds: 0 }
    const version = (await store.put('key', value, { ifVersion: null, due })) as string
    await store.increment('count', { windowSeconds: 60 })
    await admin.call('CLIENT', 'PAUSE', '1000', 'ALL')
    const given = await Promise.allSettled([
      hurried.put('new', value, { ifVersion: null }),
      hurried.increment('count', { windowSeconds: 60 }),
      hurried.claimDue('queue', { limit: 1, leaseSeconds: 60 }),
      hurried.delete('key', { ifVersion: version }),
    ])
    for (const one of given) expect(one).toMatchObject({ status: 'rejected', reason: away })
    await admin.ping()
    expect(await store.get('new')).toBeUndefined()
    expect(await store.get('key')).toMatchObject({ version })
    expect(await store.increment('count', { windowSeconds: 60 })).toBe(2)
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 60 })).toHaveLength(1)
    await Promise.all([close(), closeHurried()])
  })

  test('what was given up is not done, although the server was slow to tell its time', async () => {
    const { store, close } = await redisUnderTest(name, server.port, { timeoutMs: 1_500 })
    await admin.call('CLIENT', 'PAUSE', '900', 'ALL')
    await store.increment('slow', { windowSeconds: 60 })
    await admin.call('CLIENT', 'PAUSE', '1900', 'ALL')
    const given = await Promise.allSettled([
      store.put('slow', value, { ifVersion: null }),
      store.increment('slow', { windowSeconds: 60 }),
    ])
    for (const one of given) expect(one).toMatchObject({ status: 'rejected', reason: away })
    await admin.ping()
    expect(await store.get('slow')).toBeUndefined()
    expect(await store.increment('slow', { windowSeconds: 60 })).toBe(2)
    await close()
  })

  test('a clock that was set since the server was asked costs no call', async () => {
    const { store, close } = await redisUnderTest(name, server.port, { timeoutMs: 1_000 })
    await store.put('key', value, { ifVersion: null })
    const real = performance
    try {
      vi.stubGlobal('performance', { now: () => real.now() - 100_000 })
      expect(await store.increment('count set', { windowSeconds: 60 })).toBe(1)
      expect(await store.get('key')).toMatchObject({ value })
      vi.stubGlobal('performance', { now: () => real.now() })
      expect(await store.increment('count set', { windowSeconds: 60 })).toBe(2)
    } finally {
      vi.unstubAllGlobals()
      await close()
    }
  })
})
