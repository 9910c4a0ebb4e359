import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from './redis-server.ts'
import { outages, redisUnderTest } from './redis-under-test.ts'

if (!hasRedisServer) test('Store contract: Redis', ({ skip }) => skip(redisServerMissing))

describe.runIf(hasRedisServer).each(['redis', 'ioredis'] as const)('the client %s', (name) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  describeStore(`Redis, client ${name}`, {
    concurrent: true,
    create: () => redisUnderTest(name, server.port),
    outages: outages(name, () => server.port),
  })
})
