import { DatabaseSync } from 'node:sqlite'
import type { Store } from '@behalf/core'
import { type PostgresClient, postgresStore } from '@behalf/stores/postgres'
import { type RedisClient, redisStore } from '@behalf/stores/redis'
import { type SqliteDatabase, type SqliteStore, sqliteStore } from '@behalf/stores/sqlite'
import { PGlite } from '@electric-sql/pglite'
import { Redis } from 'ioredis'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { createClient, createClientPool, createSentinel } from 'redis'
import { expectTypeOf, test } from 'vitest'

test('clients of both libraries are taken as they come', () => {
  expectTypeOf(createClient()).toExtend<RedisClient>()
  expectTypeOf(createClient({ RESP: 2 })).toExtend<RedisClient>()
  expectTypeOf(createClientPool()).toExtend<RedisClient>()
  expectTypeOf(createSentinel({ name: 'main', sentinelRootNodes: [] })).toExtend<RedisClient>()
  expectTypeOf(new Redis()).toExtend<RedisClient>()
  expectTypeOf(redisStore).returns.toEqualTypeOf<Store>()
})

test('clients of PostgreSQL are taken as they come, and no transaction', () => {
  expectTypeOf(new Pool()).toExtend<PostgresClient>()
  expectTypeOf(new Client()).toExtend<PostgresClient>()
  expectTypeOf(postgres()).toExtend<PostgresClient>()
  expectTypeOf(postgres({ types: { bigint: postgres.BigInt } })).toExtend<PostgresClient>()
  expectTypeOf(new PGlite()).toExtend<PostgresClient>()
  expectTypeOf(postgresStore).returns.toEqualTypeOf<Store>()
  expectTypeOf<postgres.TransactionSql>().not.toExtend<PostgresClient>()
  // @ts-expect-error: nothing is sent without a client
  postgresStore({})
})

test('a database comes open, or as a file, and not as both', () => {
  expectTypeOf(new DatabaseSync(':memory:')).toExtend<SqliteDatabase>()
  expectTypeOf(sqliteStore).returns.toEqualTypeOf<SqliteStore>()
  // @ts-expect-error: neither
  sqliteStore({})
  // @ts-expect-error: both
  sqliteStore({ file: 'a.db', database: new DatabaseSync(':memory:') })
  // @ts-expect-error: nothing is opened without a client
  redisStore({})
})
