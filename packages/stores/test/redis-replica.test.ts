import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { hasRedisServer, redisServerMissing, startRedisServer, withRedisServer } from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

if (!hasRedisServer) test('replicas of Redis', ({ skip }) => skip(redisServerMissing))

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A server that a store uses, and another one that it can be made a replica of. */
async function world(name: 'redis' | 'ioredis') {
  const [server, other] = [await startRedisServer(), await startRedisServer()]
  ends.push(
    () => server.stop(),
    () => other.stop(),
  )
  const { store, close } = await redisUnderTest(name, server.port)
  const admin = new Redis({ port: server.port })
  ends.push(close, async () => admin.disconnect())
  return { store, admin, other }
}

describe.each(withRedisServer(['redis', 'ioredis'] as const))('a server that became a replica, client %s', (name) => {
  test('answers no read, even if it is cut off from its primary: a revocation there would not count here', async () => {
    const { store, admin, other } = await world(name)
    await store.put('key', new Uint8Array([1]), { ifVersion: null, index: ['index'] })
    await admin.replicaof('127.0.0.1', other.port)
    await other.stop()
    ends.splice(1, 1)
    const refused = {
      code: 'ERR_STORE',
      reason: 'unavailable',
      retryable: true,
      message: expect.stringContaining('is a replica'),
    }
    await expect(store.get('key')).rejects.toMatchObject(refused)
    await expect(store.list('index', { limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.now()).rejects.toMatchObject(refused)
    await expect(store.put('other', new Uint8Array([1]), { ifVersion: null })).rejects.toMatchObject(refused)
    await admin.replicaof('NO', 'ONE')
    expect(await store.put('other', new Uint8Array([1]), { ifVersion: null })).not.toBe('conflict')
  })
})
