import { afterAll, beforeAll, describe, test } from 'vitest'
import { killedWorkerTests } from './killed-workers.ts'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { place } from './sqlite-files.ts'

describe('two processes on one SQLite file', () => {
  const { file, remove } = place()
  afterAll(remove)
  const target = () => ({ file })
  killedWorkerTests(target, target)
})

if (!hasRedisServer) test('two processes on one Redis', ({ skip }) => skip(redisServerMissing))

describe.each(withRedisServer(['two processes on one Redis, with a client library each']))('%s', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())
  const on = (client: 'redis' | 'ioredis') => () => ({ client, port: server.port, prefix: 'killed' })
  killedWorkerTests(on('redis'), on('ioredis'))
})
