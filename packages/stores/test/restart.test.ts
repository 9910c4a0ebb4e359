import { randomUUID } from 'node:crypto'
import { cpSync } from 'node:fs'
import { dirname } from 'node:path'
import { sqliteStore } from '@behalf/stores/sqlite'
import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasRedisServer, redisServerMissing, startRedisServer, withRedisServer } from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'
import { fileUnderTest, place } from './sqlite-files.ts'
import { startWorker } from './worker-process.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

const value = new Uint8Array([1, 2, 3])

describe('what a process that was killed left of an SQLite file', () => {
  const left = place()
  const job = randomUUID()
  beforeAll(async () => {
    const victim = await startWorker({ file: left.file })
    victim.send({ job, stepped: true })
    for (let heard = 1; heard <= 3; heard++) {
      await victim.heard(heard)
      if (heard < 3) victim.send('go')
    }
    await victim.kill()
  }, 30_000)
  afterAll(left.remove)

  // With the journal that nobody wrote back.
  const copy = () => {
    const at = place()
    cpSync(dirname(left.file), dirname(at.file), { recursive: true })
    return at
  }

  describeStore('SQLite, on such a file', {
    concurrent: true,
    create: async () => fileUnderTest((file) => sqliteStore({ file }), copy()),
  })

  test('holds all that was told as written', async () => {
    const under = fileUnderTest((file) => sqliteStore({ file }), copy())
    expect((await under.store.list('runs', { limit: 10 })).map(({ key }) => key)).toEqual([`run:${job}`])
    expect(await under.store.get(`open:${job}`)).toBeDefined()
    await under.close()
  })
})

if (!hasRedisServer) test('a Redis that was killed', ({ skip }) => skip(redisServerMissing))

test.each(withRedisServer(['redis', 'ioredis'] as const))(
  'a Redis that was killed holds all that was told as written, client %s',
  async (name) => {
    const server = await startRedisServer({ durable: true })
    const { store, close } = await redisUnderTest(name, server.port)
    const version = await store.put('record', value, { ifVersion: null, index: ['index'], expiresInSeconds: 600 })
    await store.put('due', value, { ifVersion: null, due: { queue: 'queue', at: 0 } })
    await store.put('leased', value, { ifVersion: null, due: { queue: 'leases', at: 0 } })
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
