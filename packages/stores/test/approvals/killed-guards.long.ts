import { afterAll, beforeAll, describe, test } from 'vitest'
import { hasPostgresServer, type PostgresServer, postgresServerMissing } from '../postgres-server.ts'
import { startMigratedServer } from '../postgres-under-test.ts'
import { hasRedisServer, type RedisServer, redisServerMissing, startRedisServer } from '../redis-server.ts'
import { guardedProcesses } from './guarded-processes.ts'

if (!hasRedisServer) test('guards on one Redis', ({ skip }) => skip(redisServerMissing))

describe.runIf(hasRedisServer)('guards on one Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer()
  })
  afterAll(() => server.stop())
  guardedProcesses(() => ({ client: 'redis', port: server.port, prefix: 'guards' }))
})

if (!hasPostgresServer) test('guards on one PostgreSQL', ({ skip }) => skip(postgresServerMissing))

describe.runIf(hasPostgresServer)('guards on one PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startMigratedServer()
  })
  afterAll(() => server.stop())
  guardedProcesses(() => ({ postgres: 'pg', port: server.port, prefix: 'guards' }))
})
