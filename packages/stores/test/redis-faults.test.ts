import { randomUUID } from 'node:crypto'
import { type RedisStoreOptions, redisStore } from '@behalf/stores/redis'
import { Redis } from 'ioredis'
import { createClient, createClientPool } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

const value = new Uint8Array([1])

describe('options of redisStore', () => {
  const client = createClient()
  test.each<[string, unknown]>([
    ['no client', {}],
    ['a client of another kind', { client: { eval() {} } }],
    ['an unknown key', { client, timeout: 5 }],
    ['a time-out of none', { client, timeoutMs: 0 }],
    ['a prefix with braces', { client, prefix: 'a{b}' }],
    ['an empty prefix', { client, prefix: '' }],
  ])('%s is refused at construction', (_, options) => {
    expect(() => redisStore(options as RedisStoreOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })
})

if (!hasRedisServer) test('faults of Redis', ({ skip }) => skip(redisServerMissing))

describe.each(withRedisServer(['redis', 'ioredis'] as const))('what Redis holds, client %s', (name) => {
  let server: RedisServer
  let admin: Redis
  let under: Awaited<ReturnType<typeof redisUnderTest>>
  beforeAll(async () => {
    server = await startRedisServer()
    admin = new Redis({ port: server.port })
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })
  beforeEach(async () => {
    under = await redisUnderTest(name, server.port)
    await under.store.put('key', value, { ifVersion: null, index: ['index'], due: { queue: 'queue', inSeconds: 0 } })
  })
  afterEach(() => under.close())
  const at = (rest: string) => `{${under.prefix}}:${rest}`

  test('records of another version are refused, and left alone', async () => {
    const { store } = under
    await admin.set(at('v'), '2')
    const refused = { reason: 'unknown_version', retryable: false }
    await expect(store.get('key')).rejects.toMatchObject(refused)
    await expect(store.list('index', { limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.put('new', value, { ifVersion: null })).rejects.toMatchObject(refused)
    await expect(store.delete('key')).rejects.toMatchObject(refused)
    await expect(store.claimDue('queue', { limit: 1, leaseSeconds: 1 })).rejects.toMatchObject(refused)
    await expect(store.increment('key', { windowSeconds: 1 })).rejects.toMatchObject(refused)
    expect(await admin.exists(at('r:key'), at('r:new'), at('c:key'))).toBe(1)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['without its value', () => admin.hdel(at('r:key'), 'v')],
    ['without its version', () => admin.hdel(at('r:key'), 'n')],
    ['of which only names are left', () => admin.hdel(at('r:key'), 'v', 'n')],
    ['with an expiry that is no number', () => admin.hset(at('r:key'), 'e', 'soon')],
    ['with names that do not unpack', () => admin.hset(at('r:key'), 'i', '\uFFFF')],
    ['of another type', () => admin.set(at('r:key'), 'text')],
  ])('a record %s reads as an empty value, and can be replaced and deleted', async (_, damage) => {
    const { store } = under
    await damage()
    const found = await store.get('key')
    expect(found).toMatchObject({ key: 'key', value: new Uint8Array() })
    expect(await store.list('index', { limit: 1 })).toEqual([found])
    expect(await store.put('key', value, { ifVersion: null })).toBe('conflict')
    expect(await store.delete('key', { ifVersion: 'any' })).toBe('conflict')
    await expect(store.claimDue('queue', { limit: 1, leaseSeconds: 60 })).rejects.toMatchObject({ reason: 'corrupt' })
    const again = { ifVersion: found?.version ?? '', index: ['index'] }
    const replaced = await store.put('key', value, again)
    expect(await store.get('key')).toMatchObject({ value, version: replaced })
    expect(await store.put('key', value, again)).toBe('conflict')
    await damage()
    expect(await store.delete('key', again)).toBe('deleted')
    expect(await store.get('key')).toBeUndefined()
  })

  test('a damaged record does not stop its queue', async () => {
    const { store } = under
    await admin.hdel(at('r:key'), 'n')
    await store.put('sound', value, { ifVersion: null, due: { queue: 'queue', inSeconds: 0 } })
    const claim = () => store.claimDue('queue', { limit: 1, leaseSeconds: 60 })
    await expect(claim()).rejects.toMatchObject({ reason: 'corrupt' })
    expect((await claim()).map(({ key }) => key)).toEqual(['sound'])
  })

  test('data of another program under a counter are reported as corrupt', async () => {
    await admin.set(at('c:key'), 'text')
    await expect(under.store.increment('key', { windowSeconds: 1 })).rejects.toMatchObject({ reason: 'corrupt' })
    await admin.del(at('c:key'))
    await admin.hset(at('c:key'), 'a', 'b')
    await expect(under.store.increment('key', { windowSeconds: 1 })).rejects.toMatchObject({ reason: 'corrupt' })
  })

  test('an index of another type, and a row whose key is no text, fail the calls that read them, and no others', async () => {
    const { store } = under
    const list = () => store.list('index', { limit: 10 })
    const other = { reason: 'corrupt', retryable: false }
    await admin.del(at('i:index'))
    await admin.set(at('i:index'), 'text')
    await expect(list()).rejects.toMatchObject(other)
    expect(await store.get('key')).toBeDefined()
    await admin.del(at('i:index'))
    const bytes = Buffer.from([0xff, 0xfe])
    await admin.hset(Buffer.concat([Buffer.from(at('r:')), bytes]), 'v', 'v', 'n', 'n')
    await admin.zadd(at('i:index'), 0, bytes)
    await expect(list()).rejects.toMatchObject(other)
    expect(await store.get('key')).toBeDefined()
    await admin.del(at('i:index'))
    expect(await list()).toEqual([])
  })

  test('a server that forgot its scripts is told them again', async () => {
    await admin.script('FLUSH')
    expect(await under.store.get('key')).toBeDefined()
    await admin.script('FLUSH')
    expect(await under.store.put('new', value, { ifVersion: null })).not.toBe('conflict')
  })

  test('a user without the right to read records is told so: nothing passes for damaged, and nothing is written over it', async () => {
    const rights = '+eval +evalsha +get +set +del +hset +hdel +zadd +zrem +zrangebyscore +zrangebylex +incr +time +info'
    await admin.call('ACL', 'SETUSER', 'agent', 'on', '>secret', '~*', ...rights.split(' '))
    const client = new Redis({ port: server.port, username: 'agent', password: 'secret' })
    const store = redisStore({ client, prefix: under.prefix })
    const refused = { reason: 'unavailable', message: 'Redis refused with ERR' }
    await expect(store.get('key')).rejects.toMatchObject(refused)
    await expect(store.list('index', { limit: 1 })).rejects.toMatchObject(refused)
    await expect(store.put('key', value, { ifVersion: 'damaged' })).rejects.toMatchObject(refused)
    expect(await under.store.get('key')).toMatchObject({ value })
    client.disconnect()
  })

  test('a count has its end from the beginning, with the rights that the guide lists', async () => {
    await admin.call(
      'ACL',
      'SETUSER',
      'counts',
      'on',
      '>secret',
      '~*',
      '+eval',
      '+evalsha',
      ...'+get +set +incr +time +info'.split(' '),
    )
    const client = new Redis({ port: server.port, username: 'counts', password: 'secret' })
    expect(await redisStore({ client, prefix: under.prefix }).increment('count', { windowSeconds: 60 })).toBe(1)
    expect(await admin.pttl(at('c:count'))).toBeGreaterThan(0)
    client.disconnect()
  })

  test('a server without memory to spare is an outage for writes, and still answers reads', async () => {
    // Something to sweep: that is a write as well, and no reason to let the next one through.
    await under.store.put('over', value, { ifVersion: null, expiresAt: 1 })
    await admin.config('SET', 'maxmemory', '1')
    try {
      const full = { reason: 'unavailable', retryable: true }
      await expect(under.store.put('new', value, { ifVersion: null })).rejects.toMatchObject(full)
      await expect(under.store.increment('key', { windowSeconds: 1 })).rejects.toMatchObject(full)
      expect(await under.store.get('key')).toBeDefined()
    } finally {
      await admin.config('SET', 'maxmemory', '0')
    }
    expect(await under.store.get('new')).toBeUndefined()
  })

  test('records that have expired are swept by later writes with all that points at them, a bounded number at a time', async () => {
    const { store } = under
    for (let round = 0; round < 300; round++) {
      const expired = `expired ${round}`
      await admin.hset(at(`r:${expired}`), {
        v: 'v',
        n: 'n',
        e: '1',
        q: 'old',
        i: Buffer.from([0x91, 0xa3, ...Buffer.from('old')]),
      })
      await admin.zadd(at('x'), 1, expired)
      await admin.zadd(at('q:old'), 1, expired)
      await admin.zadd(at('i:old'), 0, expired)
    }
    await store.put('one', value, { ifVersion: null })
    expect(await admin.zcard(at('x'))).toBeGreaterThan(250)
    for (let round = 0; round < 12; round++) await store.put(`more ${round}`, value, { ifVersion: null })
    const left = await admin.keys(`${at('').replaceAll(/[[\]*?\\]/g, '\\$&')}*`)
    expect(left.filter((key) => /expired|old|:x$/.test(key))).toEqual([])
  })

  test('reads of a queue alone sweep what expired in it', async () => {
    const { store } = under
    for (let at = 0; at < 40; at++) {
      await store.put(`expired ${at}`, value, {
        ifVersion: null,
        expiresInSeconds: 0.4,
        due: { queue: 'old', inSeconds: 0 },
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (let look = 0; look < 2; look++) {
      expect(await store.claimDue('old', { limit: 5, leaseSeconds: 1 })).toEqual([])
    }
    expect(await admin.keys(`${at('r:')}*`)).toEqual([at('r:key')])
  })

  test('what is deleted or replaced leaves nothing behind', async () => {
    const { store } = under
    const found = await store.get('key')
    await store.put('key', value, { ifVersion: found?.version ?? null })
    const left = async () => (await admin.keys(`${at('')}*`)).sort()
    expect(await left()).toEqual([at('r:key'), at('v')])
    await store.delete('key')
    expect(await left()).toEqual([at('v')])
  })
})

describe.each(withRedisServer(['clients']))('%s', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  test('a key prefix of the client is respected by every key of a script', async () => {
    const admin = new Redis({ port: server.port })
    const ioredis = new Redis({ port: server.port, keyPrefix: 'app:' })
    const redis = createClient({ RESP: 2, socket: { port: server.port }, keyPrefix: 'app:' })
    await redis.connect()
    for (const client of [ioredis, redis]) {
      const store = redisStore({ client, prefix: randomUUID() })
      await store.put('key', value, { ifVersion: null, index: ['index'], expiresInSeconds: 60 })
      await store.increment('key', { windowSeconds: 60 })
      expect(await store.list('index', { limit: 1 })).toHaveLength(1)
    }
    expect((await admin.keys('*')).filter((key) => !key.startsWith('app:{'))).toEqual([])
    for (const one of [admin, ioredis]) one.disconnect()
    redis.destroy()
  })

  test('a client of ioredis with pipelines of its own is refused at construction, unless they leave the scripts alone: its first call would end the process', async () => {
    const refused = new Redis({ lazyConnect: true, enableAutoPipelining: true })
    expect(() => redisStore({ client: refused })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    const autoPipeliningIgnoredCommands = ['eval', 'evalsha']
    const client = new Redis({ port: server.port, enableAutoPipelining: true, autoPipeliningIgnoredCommands })
    const store = redisStore({ client, prefix: randomUUID() })
    const puts = Array.from({ length: 50 }, () => store.put('key', value, { ifVersion: null }))
    expect((await Promise.all(puts)).filter((answer) => answer !== 'conflict')).toHaveLength(1)
    client.disconnect()
  })

  test('a pool of clients is taken as one', async () => {
    const client = createClientPool({ socket: { port: server.port } })
    await client.connect()
    const store = redisStore({ client, prefix: randomUUID() })
    const puts = Array.from({ length: 50 }, () => store.put('key', value, { ifVersion: null }))
    expect((await Promise.all(puts)).filter((answer) => answer !== 'conflict')).toHaveLength(1)
    client.destroy()
  })

  test('a client that was closed, or never connected, is an outage at once', async () => {
    const ioredis = new Redis({ port: server.port })
    await ioredis.ping()
    ioredis.disconnect()
    const closed = createClient({ socket: { port: server.port } })
    for (const client of [ioredis, closed]) {
      const began = performance.now()
      await expect(redisStore({ client }).get('key')).rejects.toMatchObject({ reason: 'unavailable' })
      expect(performance.now() - began).toBeLessThan(1_000)
    }
  })

  test('a client of ioredis that connects on its first command does so', async () => {
    const client = new Redis({ port: server.port, lazyConnect: true })
    expect(await redisStore({ client }).get('key')).toBeUndefined()
    client.disconnect()
  })
})
