import { expect, test, vi } from 'vitest'
import { hasRedisServer, redisServerMissing, startRedisServer, withRedisServer } from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

const value = new Uint8Array([1, 2, 3])

if (!hasRedisServer) test('a Redis that was killed', ({ skip }) => skip(redisServerMissing))

test.each(withRedisServer(['redis', 'ioredis'] as const))(
  'a Redis that was killed holds all that was told as written, client %s',
  async (name) => {
    const server = await startRedisServer({ durable: true })
    const { store, close } = await redisUnderTest(name, server.port)
    const version = await store.put('record', value, { ifVersion: null, index: ['index'], expiresInSeconds: 600 })
    await store.put('due', value, { ifVersion: null, due: { queue: 'queue', inSeconds: 0 } })
    await store.put('leased', value, { ifVersion: null, due: { queue: 'leases', inSeconds: 0 } })
    const [claim] = await store.claimDue('leases', { limit: 1, leaseSeconds: 600 })
    await store.increment('counter', { windowSeconds: 600 })
    await server.restart()
    // The same store: its client finds the server again, which knows no script any more.
    const record = await vi.waitFor(() => store.get('record'), { timeout: 5_000 })
    expect(record).toMatchObject({ version, value })
    expect(await store.list('index', { limit: 1 })).toEqual([record])
    expect(await store.claimDue('leases', { limit: 1, leaseSeconds: 600 })).toEqual([])
    expect(await store.claimDue('queue', { limit: 1, leaseSeconds: 600 })).toHaveLength(1)
    expect(await store.increment('counter', { windowSeconds: 600 })).toBe(2)
    expect(await store.put('leased', value, { ifVersion: claim?.version ?? null })).not.toBe('conflict')
    await close()
    await server.stop()
  },
)
