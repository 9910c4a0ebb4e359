import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  hasPostgresServer,
  type PostgresServer,
  postgresServerMissing,
  withPostgresServer,
} from '../postgres-server.ts'
import { startMigratedServer } from '../postgres-under-test.ts'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from '../redis-server.ts'
import { place } from '../sqlite-files.ts'
import type { Target } from '../targets.ts'
import { problemsIn } from './linearizable.ts'
import { type Recorder, recordHistory } from './record-history.ts'

/** Histories of each kind. Nightly: many. */
const HISTORIES = Number(process.env.BEHALF_HISTORIES ?? 1)
/** Answers that a history has at least, before anything more is done. */
const ENOUGH = 60
const MAX_SECONDS = 90

type Meanwhile = (recorder: Recorder) => Promise<void>

async function untilAnswered({ answered }: Recorder, count: number): Promise<void> {
  const end = performance.now() + MAX_SECONDS * 1000
  while (answered() < count) {
    if (performance.now() > end) throw new Error(`only ${answered()} of ${count} operations were answered`)
    await wait(50)
  }
}

/** Disturbs, and lets all work on after that, several times. */
const disturbed =
  (...disturbances: readonly Meanwhile[]): Meanwhile =>
  async (recorder) => {
    for (const disturb of [async () => {}, ...disturbances]) {
      await disturb(recorder)
      await untilAnswered(recorder, recorder.answered() + ENOUGH)
    }
  }

const replaced: Meanwhile = (recorder) => recorder.replace()
const paused: Meanwhile = (recorder) => recorder.pause(400)

function histories(title: string, target: (client: number) => Target, meanwhile: Meanwhile): void {
  test.each(Array.from({ length: HISTORIES }, (_, round) => [3 + (round % 4)]))(
    `${title}, %i processes`,
    async (clients) => {
      const history = await recordHistory({ clients, target, meanwhile })
      expect(problemsIn(history)).toEqual([])
      const done = new Set(history.flatMap(({ asked, answered }) => (answered === undefined ? [] : [asked.do])))
      expect([...done].sort()).toEqual(['claim', 'delete', 'get', 'increment', 'put'])
    },
    240_000,
  )
}

describe('on one SQLite file', () => {
  const { file, remove } = place()
  afterAll(remove)
  histories('clients that are killed and paused', () => ({ file }), disturbed(replaced, paused, replaced))
})

/** Histories on a server that clients of two libraries use at the same time. */
function historiesOn<Server extends RedisServer | PostgresServer>(
  start: () => Promise<Server>,
  library: (client: number) => { readonly client: 'redis' | 'ioredisOnce' } | { readonly postgres: 'pg' | 'postgres' },
): void {
  let server: Server
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())
  const target = (client: number): Target => ({
    ...library(client),
    port: server.port,
    prefix: 'histories',
    timeoutMs: 500,
  })
  const killed: Meanwhile = () => server.restart()
  const stopped: Meanwhile = () => server.pause(1_200)
  histories('clients that are killed and paused', target, disturbed(replaced, paused, replaced))
  histories('a server that is killed and paused', target, disturbed(killed, stopped, replaced))
}

if (!hasRedisServer) test('histories on Redis', ({ skip }) => skip(redisServerMissing))

describe.each(withRedisServer(['on one Redis, with two client libraries']))('%s', () => {
  const start = () => startRedisServer({ durable: true })
  historiesOn(start, (client) => ({ client: client % 2 === 0 ? 'redis' : 'ioredisOnce' }))
})

if (!hasPostgresServer) test('histories on PostgreSQL', ({ skip }) => skip(postgresServerMissing))

describe.each(withPostgresServer(['on one PostgreSQL, with two client libraries']))('%s', () => {
  historiesOn(startMigratedServer, (client) => ({ postgres: client % 2 === 0 ? 'pg' : 'postgres' }))
})
