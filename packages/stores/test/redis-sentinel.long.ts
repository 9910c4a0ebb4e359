import { setTimeout as wait } from 'node:timers/promises'
import type { Store } from '@behalf/core'
import { redisStore } from '@behalf/stores/redis'
import { Redis } from 'ioredis'
import { createSentinel } from 'redis'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { claimOn, forgottenBy } from './claims.ts'
import { startSentinels, WATCHED } from './redis-sentinel.ts'
import { hasRedisServer, redisServerMissing, startRedisServer, withRedisServer } from './redis-server.ts'
import { startTcpProxy } from './tcp-proxy.ts'

// Several servers start in each, and wait for each other.
vi.setConfig({ testTimeout: 180_000 })

if (!hasRedisServer) test('a failover by Redis Sentinel', ({ skip }) => skip(redisServerMissing))

const stores = {
  async ioredis(ports: readonly number[]): Promise<Store> {
    const sentinels = ports.map((port) => ({ host: '127.0.0.1', port }))
    const options = { autoResendUnfulfilledCommands: false, sentinelRetryStrategy: () => 50, retryStrategy: () => 50 }
    const client = new Redis({ sentinels, name: WATCHED, ...options })
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return redisStore({ client, timeoutMs: 1_000 })
  },
  async redis(ports: readonly number[]): Promise<Store> {
    const sentinelRootNodes = ports.map((port) => ({ host: '127.0.0.1', port }))
    const client = createSentinel({ name: WATCHED, sentinelRootNodes, scanInterval: 100 })
    client.on('error', () => {})
    await client.connect()
    onTestFinished(() => client.destroy())
    return redisStore({ client, timeoutMs: 1_000 })
  },
}

/** A primary and its replica, each on disk before it answers. Sentinels and the replica reach the primary by a proxy. */
async function world(settings: readonly string[]) {
  const primary = await startRedisServer({ durable: true, settings })
  onTestFinished(() => primary.stop())
  const proxy = await startTcpProxy(primary.port)
  onTestFinished(() => proxy.close())
  const replica = await startRedisServer({
    durable: true,
    settings: [...settings, '--replicaof', `127.0.0.1 ${proxy.port}`],
  })
  onTestFinished(() => replica.stop())
  const sentinels = await startSentinels(proxy.port)
  onTestFinished(() => sentinels.stop())
  return { primary, proxy, replica, sentinels }
}

describe.each(withRedisServer(['redis', 'ioredis'] as const))('client %s', (name) => {
  test('finds the new primary after an automatic failover, without the app', async () => {
    const { proxy, sentinels, replica } = await world([])
    const store = await stores[name](sentinels.ports)
    await store.put('key', new Uint8Array([1]), { ifVersion: null })
    const copy = new Redis({ port: replica.port })
    onTestFinished(() => copy.disconnect())
    // The replica has it, else the failover may forget it.
    await vi.waitFor(async () => expect(await copy.dbsize()).toBeGreaterThan(0), { timeout: 60_000, interval: 100 })
    await proxy.refuse()
    await sentinels.failedOver(proxy.port)
    // Another key each time: the answer to a write may be lost.
    const write = () => store.put(crypto.randomUUID(), new Uint8Array([1]), { ifVersion: null })
    expect(await vi.waitFor(write, { timeout: 120_000, interval: 100 })).not.toBe('conflict')
    expect(await store.get('key')).toBeDefined()
  })
})

/** A primary that clients still reach and sentinels do not, with claims on it until a replica has been promoted. */
async function splitBrain(...settings: readonly string[]) {
  const { primary, proxy, replica, sentinels } = await world(settings)
  const client = new Redis({ port: primary.port, autoResendUnfulfilledCommands: false })
  const after = new Redis({ port: replica.port })
  onTestFinished(() => {
    client.disconnect()
    after.disconnect()
  })
  const store = redisStore({ client, timeoutMs: 1_000 })
  const claims = claimOn(store)
  await claims.more(100)
  proxy.hang()
  await sentinels.failedOver(proxy.port)
  return { store, claims, promoted: redisStore({ client: after }) }
}

test.runIf(hasRedisServer)('what a primary says while its sentinels promote a replica is forgotten', async () => {
  const { claims, promoted } = await splitBrain()
  // It has not heard of the failover, and goes on.
  await claims.more(50)
  await claims.stop()
  expect(await forgottenBy(promoted, claims.told)).toBeGreaterThan(50)
})

test.runIf(hasRedisServer)(
  'a primary that needs a replica to write refuses soon after it lost it, and forgets no more',
  async () => {
    const { store, claims } = await splitBrain('--min-replicas-to-write', '1', '--min-replicas-max-lag', '1')
    const refused = { reason: 'unavailable', message: 'Redis refused with NOREPLICAS' }
    // Another key each time: what finds a conflict writes nothing, and is not refused.
    const write = () => store.put(crypto.randomUUID(), new Uint8Array([1]), { ifVersion: null })
    await vi.waitFor(() => expect(write()).rejects.toMatchObject(refused), { timeout: 120_000, interval: 100 })
    const told = claims.told.length
    await wait(500)
    await claims.stop()
    expect(claims.told).toHaveLength(told)
  },
)
