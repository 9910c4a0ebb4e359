import { setTimeout as wait } from 'node:timers/promises'
import { postgresStore } from '@behalf/stores/postgres'
import { Pool } from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { claimOn, forgottenBy } from './claims.ts'
import { hasPostgresServer, postgresServerMissing, startPostgresServer, withPostgresServer } from './postgres-server.ts'
import { migrated } from './postgres-under-test.ts'
import { startTcpProxy } from './tcp-proxy.ts'

// Two servers start in each.
vi.setConfig({ testTimeout: 180_000 })

if (!hasPostgresServer) test('a failover of PostgreSQL', ({ skip }) => skip(postgresServerMissing))

/** A primary, and a standby that follows it over a network that a test controls. */
async function world(commit: string, isSynchronous: boolean) {
  const storeOn = (port: number) => {
    const options = `-c synchronous_commit=${commit}`
    const client = new Pool({ host: '127.0.0.1', port, user: 'postgres', max: 4, options })
    client.on('error', () => {})
    onTestFinished(() => client.end())
    return { client, store: postgresStore({ client }) }
  }
  const primary = await startPostgresServer()
  onTestFinished(() => primary.stop())
  await migrated('pg', primary.port)
  const proxy = await startTcpProxy(primary.port)
  const settings = { primary_conninfo: `host=127.0.0.1 port=${proxy.port} user=postgres` }
  const standby = await startPostgresServer({ standbyOf: primary.port, settings })
  onTestFinished(() => standby.stop())
  const before = storeOn(primary.port)
  if (isSynchronous) {
    await before.client.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await before.client.query('SELECT pg_reload_conf()')
  }
  return {
    primary,
    proxy,
    store: before.store,
    /** The primary is lost with all that did not reach the standby. */
    async failOver() {
      await primary.kill()
      await proxy.close()
      const after = storeOn(standby.port)
      await after.client.query('SELECT pg_promote()')
      return after.store
    },
  }
}

describe.each(withPostgresServer(['off', 'local', 'on', 'remote_apply']))('synchronous_commit = %s', (commit) => {
  test('a synchronous standby that is promoted knows each claim that was told, also after its network hung', async () => {
    const { proxy, store, failOver } = await world(commit, true)
    const claims = claimOn(store)
    await claims.more(100)
    proxy.hang()
    await wait(500)
    const promoted = await failOver()
    await claims.stop()
    expect(await forgottenBy(promoted, claims.told)).toBe(0)
  })
})

test.runIf(hasPostgresServer)(
  'an asynchronous standby forgets the claims that were told since its network hung',
  async () => {
    const { proxy, store, failOver } = await world('on', false)
    const claims = claimOn(store)
    await claims.more(100)
    proxy.hang()
    await claims.more(50)
    const promoted = await failOver()
    await claims.stop()
    expect(await forgottenBy(promoted, claims.told)).toBeGreaterThan(0)
  },
)
