import { randomUUID } from 'node:crypto'
import { redisStore } from '@behalf/stores/redis'
import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { clients, type OpenClient } from './redis-clients.ts'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from './redis-server.ts'

if (!hasRedisServer) test('Store contract: Redis', ({ skip }) => skip(redisServerMissing))

describe.runIf(hasRedisServer)('Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())

  for (const [name, open] of Object.entries(clients)) {
    describeStore(`Redis, client ${name}`, {
      concurrent: true,
      async create() {
        const opened: OpenClient[] = []
        const prefix = randomUUID()
        const another = async () => {
          const one = await open(server.port)
          opened.push(one)
          return redisStore({ client: one.client, prefix })
        }
        return {
          store: await another(),
          restart: another,
          async close() {
            for (const one of opened) await one.close()
          },
        }
      },
    })
  }
})
