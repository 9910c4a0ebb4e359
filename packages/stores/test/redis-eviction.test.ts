import { randomUUID } from 'node:crypto'
import { type RedisStoreOptions, redisStore } from '@behalf/stores/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { hasRedisServer, redisServerMissing, startRedisServer, withRedisServer } from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

const value = new Uint8Array([1])

if (!hasRedisServer) test('eviction of Redis', ({ skip }) => skip(redisServerMissing))

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const end of ends.splice(0).reverse()) await end()
})

async function world(name: 'redis' | 'ioredis', settings: readonly string[] = [], options: object = {}) {
  const server = await startRedisServer({ settings })
  ends.push(() => server.stop())
  const under = await redisUnderTest(name, server.port, options)
  ends.push(() => under.close())
  const admin = new Redis({ port: server.port })
  ends.push(async () => admin.disconnect())
  return { ...under, admin, port: server.port }
}

const calls = {
  get: (store) => store.get('key'),
  put: (store) => store.put('key', value, { ifVersion: null }),
  delete: (store) => store.delete('key'),
  claimDue: (store) => store.claimDue('queue', { limit: 1, leaseSeconds: 1 }),
  list: (store) => store.list('index', { limit: 1 }),
  increment: (store) => store.increment('key', { windowSeconds: 1 }),
} satisfies Record<string, (store: ReturnType<typeof redisStore>) => Promise<unknown>>

const refused = (policy: string) => ({
  code: 'ERR_CONFIGURATION',
  message: expect.stringMatching(new RegExp(`maxmemory-policy is ${policy}.*set .maxmemory-policy noeviction`)),
})

describe.each(withRedisServer(['redis', 'ioredis'] as const))('a server that evicts, client %s', (name) => {
  test('loses no approval of ours: it is given none', async () => {
    const { store, admin } = await world(name, ['--maxmemory', '8mb', '--maxmemory-policy', 'allkeys-lru'])
    await expect(store.put('approval', value, { ifVersion: null })).rejects.toMatchObject(refused('allkeys-lru'))
    expect(await admin.dbsize()).toBe(0)
  })

  test('is refused by every call, with what helps', async () => {
    const { store } = await world(name, ['--maxmemory-policy', 'volatile-lru'])
    for (const call of Object.values(calls)) await expect(call(store)).rejects.toMatchObject(refused('volatile-lru'))
    await expect(store.get('key')).rejects.toThrow('the default of ElastiCache')
  })

  test('is refused whatever the app states', async () => {
    const { store } = await world(name, ['--maxmemory-policy', 'allkeys-random'], { evictionPolicy: 'noeviction' })
    await expect(store.get('key')).rejects.toMatchObject(refused('allkeys-random'))
  })

  test('is refused once it does so, within a minute', async () => {
    const { store, admin } = await world(name)
    expect(await store.put('key', value, { ifVersion: null })).not.toBe('conflict')
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000)
    await expect(store.get('key')).rejects.toMatchObject(refused('allkeys-lru'))
    // And taken again once it does not.
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    expect(await store.get('key')).toBeDefined()
  })

  test('does not say so to a user without the right: refused, unless the app states it', async () => {
    const { admin, port } = await world(name)
    const rights =
      '+eval +evalsha +get +set +del +hset +hmget +hdel +zadd +zrem +zrangebyscore +zrangebylex +incr +time +info|cluster'
    await admin.call('ACL', 'SETUSER', 'agent', 'on', '>secret', '~*', ...rights.split(' '))
    const client =
      name === 'redis'
        ? createClient({ url: `redis://agent:secret@127.0.0.1:${port}` })
        : new Redis({ port, username: 'agent', password: 'secret', enableReadyCheck: false, lazyConnect: true })
    client.on('error', () => {})
    await client.connect()
    ends.push(async () => void ('destroy' in client ? client.destroy() : client.disconnect()))
    const open = (options: Partial<RedisStoreOptions>) =>
      redisStore({ client: client as RedisStoreOptions['client'], prefix: randomUUID(), ...options })
    await expect(open({}).get('key')).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringMatching(/\+info.*evictionPolicy: 'noeviction'/),
    })
    expect(await open({ evictionPolicy: 'noeviction' }).get('key')).toBeUndefined()
    // Nor may it be one of a cluster, which no option can declare.
    await admin.call('ACL', 'SETUSER', 'agent', '-info')
    await expect(open({ evictionPolicy: 'noeviction' }).get('key')).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('cluster: give its user the right `+info`'),
    })
  })
})

test.each(['allkeys-lru', 'volatile-lru', '', null, true])('evictionPolicy %j is no statement', (evictionPolicy) => {
  const options = { client: createClient(), evictionPolicy } as unknown as RedisStoreOptions
  expect(() => redisStore(options)).toThrow('evictionPolicy')
})
