import { execFileSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { type RedisClient, redisStore } from '@behalf/stores/redis'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'

const value = new Uint8Array([1])
const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining('Redis Cluster') }

describe('a client of a cluster', () => {
  const ioredis = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })
  const redis = createCluster({ rootNodes: [{ socket: { host: '127.0.0.1', port: 1 } }] })
  test.each<[string, RedisClient]>([
    ['ioredis', ioredis],
    ['redis', redis],
  ])('of the package %s is refused at construction, with the remedy', (_, client) => {
    expect(() => redisStore({ client })).toThrow(expect.objectContaining(refused))
  })
})

if (!hasRedisServer) test('Redis Cluster', ({ skip }) => skip(redisServerMissing))

describe.each(withRedisServer(['clusters']))('servers of %s', () => {
  let first: RedisServer
  let second: RedisServer
  const cli = ({ port }: RedisServer, ...args: string[]) =>
    execFileSync('redis-cli', ['-p', `${port}`, ...args], { encoding: 'utf8' }).trim()
  beforeAll(async () => {
    first = await startRedisServer({ cluster: true })
    second = await startRedisServer({ cluster: true, owned: false })
    const bus = /@(\d+)/.exec(cli(second, 'CLUSTER', 'NODES'))?.[1] ?? ''
    cli(first, 'CLUSTER', 'MEET', '127.0.0.1', `${second.port}`, bus)
    for (const server of [first, second]) {
      for (let tries = 0; tries < 400; tries++) {
        const info = cli(server, 'CLUSTER', 'INFO')
        if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:2')) break
        await wait(25)
      }
    }
  })
  afterAll(async () => {
    await first.stop()
    await second.stop()
  })

  /** A slot that moves: announced on both sides, and keys of the store moved if there are any. */
  function beginMove(from: RedisServer, to: RedisServer, slot: string): void {
    cli(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', cli(from, 'CLUSTER', 'MYID'))
    cli(from, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', cli(to, 'CLUSTER', 'MYID'))
  }
  function endMove(from: RedisServer, to: RedisServer, slot: string): void {
    const keys = cli(from, 'CLUSTER', 'GETKEYSINSLOT', slot, '100').split('\n').filter(Boolean)
    if (keys.length > 0) cli(from, 'MIGRATE', '127.0.0.1', `${to.port}`, '', '0', '5000', 'KEYS', ...keys)
    for (const one of [to, from]) cli(one, 'CLUSTER', 'SETSLOT', slot, 'NODE', cli(to, 'CLUSTER', 'MYID'))
  }

  test('a taken claim is never written again, a counter never goes back and no record disappears while a slot moves one way and back: every call is refused', async () => {
    const cluster = new Cluster([{ host: '127.0.0.1', port: first.port }])
    // A wrapper hides that the client belongs to a cluster.
    const client = new Proxy(cluster, {
      get: (target, name) => (name === 'isCluster' ? undefined : bound(target, name)),
    })
    const store = redisStore({ client, prefix: 'moving' })
    const slot = cli(first, 'CLUSTER', 'KEYSLOT', '{moving}')
    const everything = async () => {
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.put('claim', value, { ifVersion: null, index: ['index'], due: { queue: 'queue', inSeconds: 0 } }),
        () => store.get('claim'),
        () => store.list('index', { limit: 1 }),
        () => store.increment('counter', { windowSeconds: 600 }),
        () => store.claimDue('queue', { limit: 1, leaseSeconds: 1 }),
        () => store.delete('claim'),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject(refused)
      expect([cli(first, 'DBSIZE'), cli(second, 'DBSIZE')]).toEqual(['0', '0'])
    }
    try {
      await everything()
      for (const [from, to] of [
        [first, second],
        [second, first],
      ] as const) {
        beginMove(from, to, slot)
        await everything()
        endMove(from, to, slot)
        await everything()
      }
    } finally {
      cluster.disconnect()
    }
  })

  test.each(['redis', 'ioredis'] as const)(
    'a plain client of %s at a node of a cluster is refused by its first call',
    async (name) => {
      const ioredis = new Redis({ port: first.port })
      const redis = createClient({ socket: { port: first.port } })
      await redis.connect()
      try {
        const store = redisStore({ client: name === 'redis' ? redis : ioredis })
        await expect(store.get('key')).rejects.toMatchObject(refused)
        await expect(store.put('key', value, { ifVersion: null })).rejects.toMatchObject(refused)
        // A node without the slot answers with a redirection, before it runs a script.
        const other = new Redis({ port: second.port })
        await expect(redisStore({ client: other }).get('key')).rejects.toMatchObject(refused)
        other.disconnect()
      } finally {
        ioredis.disconnect()
        redis.destroy()
      }
    },
  )
})

function bound(target: object, name: string | symbol): unknown {
  const member = Reflect.get(target, name)
  return typeof member === 'function' ? member.bind(target) : member
}
