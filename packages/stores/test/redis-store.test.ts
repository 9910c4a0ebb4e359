import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { outages, redisUnderTest } from './redis-under-test.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

if (!hasRedisServer) test('Store contract: Redis', ({ skip }) => skip(redisServerMissing))

// One of them on a server that was killed, and read its data from the disk again.
const servers = [
  { name: 'redis', killed: true },
  { name: 'ioredis', killed: false },
] as const

// Both clients at once, each with a server of its own: much of it is waiting.
describe.concurrent.each(withRedisServer(servers))('the client $name, server killed before: $killed', (which) => {
  const { name, killed } = which
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer({ durable: killed })
    if (!killed) return
    const before = await redisUnderTest(name, server.port)
    await before.store.put('key', new Uint8Array([1]), { ifVersion: null })
    await before.close()
    await server.restart()
  })
  afterAll(() => server.stop())

  describeStore(`Redis, client ${name}`, {
    concurrent: true,
    create: () => redisUnderTest(name, server.port),
    outages: outages(name, () => server.port),
  })
})
