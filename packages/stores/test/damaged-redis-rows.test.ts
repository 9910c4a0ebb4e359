import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@behalf/core'
import { type StoredVault, storedVault } from '@behalf/core/vault'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { guardOn, keys, live } from './approvals/guarded-world.ts'
import { verifiedUser } from './approvals/verified-user.ts'
import {
  hasRedisServer,
  type RedisServer,
  redisServerMissing,
  startRedisServer,
  withRedisServer,
} from './redis-server.ts'
import { redisUnderTest } from './redis-under-test.ts'

const redirectUri = 'https://app.example/connections/callback/crm'

/** A vault whose provider names each account by the code that it was given. */
function vaultOn(store: Store): StoredVault {
  return storedVault({
    store,
    keys,
    fetch: async (_, init) => {
      const user = new URLSearchParams(String(init?.body)).get('code') ?? ''
      return Response.json({ access_token: `token-${user}`, token_type: 'Bearer', scope: 'read', user })
    },
    connections: {
      crm: {
        label: 'CRM',
        clientId: 'app',
        clientSecret: 'secret',
        scopes: ['read'],
        endpoints: { authorization: 'https://crm.example/authorize', token: 'https://crm.example/token' },
        account: { from: 'answer', id: 'user' },
      },
    },
  })
}

async function link(vault: StoredVault, account: string): Promise<string> {
  const request = { identity: await verifiedUser(), connection: 'crm', browser: 'a-browser' }
  const started = await vault.accounts.connect({ ...request, redirectUri })
  if (started.status !== 'started') return started.status
  const parameters = new URLSearchParams({ code: account, state: started.state })
  return (await vault.accounts.complete({ ...request, parameters })).status
}

if (!hasRedisServer) test('damaged rows of Redis', ({ skip }) => skip(redisServerMissing))

describe.each(withRedisServer(['redis', 'ioredis'] as const))('a row of Redis that was damaged, client %s', (name) => {
  let server: RedisServer
  let admin: Redis
  let under: Awaited<ReturnType<typeof redisUnderTest>>
  const directory = mkdtempSync(join(tmpdir(), 'behalf-damaged-'))
  beforeAll(async () => {
    server = await startRedisServer()
    admin = new Redis({ port: server.port })
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
    rmSync(directory, { recursive: true })
  })
  beforeEach(async () => {
    under = await redisUnderTest(name, server.port)
  })
  afterEach(() => under.close())
  const rowsOf = (kind: string) => admin.keys(`{${under.prefix}}:r:${kind}:*`)

  test.each<[string, (row: string) => Promise<unknown>]>([
    ['another type', (row) => admin.set(row, 'text')],
    ['no version', (row) => admin.hdel(row, 'n')],
    ['no value', (row) => admin.hdel(row, 'v')],
    ['an expiry that is no number', (row) => admin.hset(row, 'e', 'soon')],
  ])('a linked account with %s is skipped and named, and its user links it again', async (_, damage) => {
    const vault = vaultOn(under.store)
    const identity = await verifiedUser()
    const ask = async (account: string) =>
      (await vault.token({ identity, connection: 'crm', scopes: ['read'], account }, context)).status
    const context = { authorizationServers: {} as never, now: Date.now() }
    await link(vault, 'one')
    const [row = ''] = await rowsOf('account')
    await link(vault, 'two')
    await damage(row)
    expect(await vault.accounts.list(identity)).toMatchObject([{ id: 'two' }])
    expect([await ask('one'), await ask('two')]).toEqual(['must_reconnect', 'token'])
    expect(await vault.reseal()).toEqual({ resealed: 0, unreadable: [row.slice(row.indexOf('account:'))] })
    expect(await link(vault, 'one')).toBe('connected')
    expect(await ask('one')).toBe('token')
    const name = { connection: 'crm', account: 'one' }
    expect(await vault.accounts.disconnect(identity, name)).toMatchObject({ status: 'disconnected' })
    expect(await vault.forget(identity)).toMatchObject({ disconnected: 1, unreadable: [] })
  })

  test('revocations whose rows have another type let nothing run, and are replaced', async () => {
    const { issuer, subject } = await verifiedUser()
    const guard = guardOn(under.store, directory)
    await guard.revoke({ issuer, subject })
    for (const row of await rowsOf('revoked')) await admin.set(row, 'text')
    const run = () => live(guardOn(under.store, directory), 1, () => 'ran')
    expect(await run()).toMatchObject({ status: 'denied' })
    await guard.revoke({ issuer, subject })
    expect(await run()).toMatchObject({ status: 'denied', code: 'revoked' })
  })
})
