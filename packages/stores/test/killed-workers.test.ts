import { afterAll, beforeAll, describe, test } from 'vitest'
import { killedWorkerTests } from './killed-workers.ts'
import { hasPostgresServer, type PostgresServer, postgresServerMissing, withPostgresServer } from './postgres-server.ts'
import { startMigratedServer } from './postgres-under-test.ts'
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

if (!hasPostgresServer) test('two processes on one PostgreSQL', ({ skip }) => skip(postgresServerMissing))

describe.each(withPostgresServer(['two processes on one PostgreSQL, with a client library each']))('%s', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startMigratedServer()
  })
  afterAll(() => server.stop())
  const on = (postgres: 'pg' | 'postgres') => () => ({ postgres, port: server.port, prefix: 'killed' })
  killedWorkerTests(on('pg'), on('postgres'))
})
