import { setTimeout as wait } from 'node:timers/promises'
import { describeStore } from '@behalf/testing/contract'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasPgBouncer, type PgBouncer, pgBouncerMissing, startPgBouncer } from './pgbouncer.ts'
import { hasPostgresServer, type PostgresServer, postgresServerMissing } from './postgres-server.ts'
import { postgresOutages, postgresUnderTest, startMigratedServer } from './postgres-under-test.ts'

// They wait for leases and ends of lives, and not for the machine.
vi.setConfig({ maxConcurrency: 20 })

const value = new Uint8Array([1, 2, 3])
const away = { code: 'ERR_STORE', reason: 'unavailable', retryable: true }

const missing = hasPostgresServer ? pgBouncerMissing : postgresServerMissing
const isHere = hasPostgresServer && hasPgBouncer
if (!isHere) test('Store contract: PgBouncer in transaction mode', ({ skip }) => skip(missing))

let server: PostgresServer
let pooler: PgBouncer
let interrupted: PgBouncer
beforeAll(async () => {
  if (!isHere) return
  server = await startMigratedServer()
  pooler = await startPgBouncer(server.port)
  // Its own: a client that hangs amid a statement keeps the pooler's connection, of which there are two.
  interrupted = await startPgBouncer(server.port)
}, 60_000)
afterAll(async () => {
  await pooler?.stop()
  await interrupted?.stop()
  await server?.stop()
})

const clients = ['pg', 'postgres'] as const

describe.concurrent.each(isHere ? clients : [])('PgBouncer in transaction mode, client %s', (name) => {
  describeStore(`PgBouncer in transaction mode, client ${name}`, {
    concurrent: true,
    create: () => postgresUnderTest(name, pooler.port),
    outages: postgresOutages(name, () => interrupted.port),
  })
})

describe.each(isHere ? clients : [])('a server behind PgBouncer, client %s', (name) => {
  test('what was given up is not done when the pooler brings it later', async () => {
    const { store, prefix, close } = await postgresUnderTest(name, pooler.port)
    const { store: hurried, close: closeHurried } = await postgresUnderTest(name, pooler.port, {
      prefix,
      timeoutMs: 400,
    })
    const version = await store.put('key', value, { ifVersion: null })
    await store.increment('count', { windowSeconds: 60 })
    const paused = server.pause(1_500)
    const given = await Promise.allSettled([
      hurried.put('new', value, { ifVersion: null }),
      hurried.increment('count', { windowSeconds: 60 }),
      hurried.delete('key', { ifVersion: version }),
    ])
    for (const one of given) expect(one).toMatchObject({ status: 'rejected', reason: away })
    await paused
    await wait(300)
    expect(await store.get('new')).toBeUndefined()
    expect(await store.get('key')).toMatchObject({ version })
    expect(await store.increment('count', { windowSeconds: 60 })).toBe(2)
    await Promise.all([close(), closeHurried()])
  })

  test('a new client that counts many things at once is told each number once', async () => {
    const { store, close } = await postgresUnderTest(name, pooler.port)
    const counted = Array.from({ length: 100 }, () => store.increment('count', { windowSeconds: 60 }))
    const numbers = (await Promise.all(counted)).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    await close()
  })

  test('a server that was killed is an outage, and is found again', async () => {
    const { store, close } = await postgresUnderTest(name, pooler.port, { timeoutMs: 1_000 })
    const version = await store.put('key', value, { ifVersion: null })
    const restarted = server.restart()
    await expect(store.put('key', value, { ifVersion: version })).rejects.toMatchObject(away)
    await restarted
    const found = await vi.waitFor(() => store.get('key'), { timeout: 10_000, interval: 100 })
    expect(found).toMatchObject({ version, value })
    await close()
  })
})
