import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { bench } from '../../../scripts/bench/bench.ts'
import { authorizationServers } from '../src/authorization-server/index.ts'
import { Token } from '../src/credential/index.ts'
import { oidc } from '../src/doors/providers.ts'
import { tokenKey } from '../src/guard/token-key.ts'
import { admit } from '../src/identity/index.ts'
import { connection } from '../src/index.ts'
import { createSealer, keyedHash } from '../src/lib/index.ts'
import type { PutOptions, Store, Versioned } from '../src/ports/index.ts'
import { TokenCache } from '../src/token-exchange/index.ts'
import { AccountRecords } from '../src/vault/account-records.ts'
import { storedVault } from '../src/vault/index.ts'

const CONNECTIONS = Number(process.env.CONNECTIONS ?? 100_000)
const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const
const ISSUER = 'https://login.example'
const user = (n: number) =>
  admit({ kind: 'user' as const, issuer: ISSUER, subject: `user-${n}`, clientId: 'app', claims: {} })

// Warm, from memory: what a guarded call pays for a connection that it used before.
const rule = connection('crm', { scopes: ['read'], origins: ['https://api.crm.example'] })
const cache = new TokenCache()
const ann = user(0)
const servers = authorizationServers(oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-client-secret' }), {
  fetch,
  clock: Date,
  timeoutMs: 1000,
})
const key = tokenKey(ann, rule, rule.scopes, servers)
await cache.get(key, async () => ({ token: new Token('t'), scopes: ['read'], expiresAt: Date.now() / 1000 + 3600 }))
bench('warm lookup of a connection, from memory', {
  run: () => cache.peek(tokenKey(ann, rule, rule.scopes, servers)),
  peer: { name: 'nothing', run: () => undefined },
  mostOverPeer: 1,
})

// Core may not know the package of stores: the same tables, as far as the vault needs them.
const directory = mkdtempSync(join(tmpdir(), 'behalf-vault-'))
const file = join(directory, 'vault.db')
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
const store = sqliteTables(file)

const upstream = async (input: string | URL | Request, init?: RequestInit) => {
  if (init?.method === 'POST') {
    return Response.json({
      access_token: crypto.randomUUID(),
      refresh_token: crypto.randomUUID(),
      token_type: 'Bearer',
      expires_in: 1,
    })
  }
  return Response.json({
    issuer: 'https://crm.example',
    token_endpoint: 'https://crm.example/token',
    at: String(input),
  })
}
const vault = storedVault({
  store,
  keys,
  fetch: upstream,
  connections: {
    crm: {
      label: 'CRM',
      issuer: 'https://crm.example',
      clientId: 'app',
      clientSecret: 's',
      scopes: ['read'],
      account: { from: 'none' },
    },
  },
})

const records = new AccountRecords(store, createSealer([keys.seal[0]]), keyedHash(keys.index))
const now = Date.now()
store.begin()
const write = async (n: number) => {
  const owner = { issuer: ISSUER, subject: `user-${n}`, clientId: 'app' }
  await records.write(
    await records.key(owner, 'crm', 'default'),
    {
      v: 1,
      owner,
      connection: 'crm',
      account: { id: 'default' },
      issuer: 'https://crm.example',
      clientId: 'app',
      state: 'connected',
      scopes: ['read'],
      // About what providers give: an opaque refresh token and a JWT.
      accessToken: 'a'.repeat(900),
      refreshToken: 'r'.repeat(100),
      // The first half lives, the other half has to be refreshed.
      expiresAt: Math.floor(now / 1000) + (n < CONNECTIONS / 2 ? 86_400 : -1),
      refreshedAt: now,
      connectedAt: now,
    },
    null,
  )
}
for (let from = 0; from < CONNECTIONS; from += 500) {
  await Promise.all(Array.from({ length: 500 }, (_, n) => write(from + n)))
}
store.commit()
console.log(
  `  ${CONNECTIONS} connections on SQLite: ${(statSync(file).size / 2 ** 20).toFixed(0)} MiB, ${(statSync(file).size / CONNECTIONS).toFixed(0)} bytes each`,
)

const context = { authorizationServers: { of: () => oidc as never, knows: () => true }, now }
const ask = (n: number) => vault.token({ identity: user(n), connection: 'crm', scopes: ['read'] }, context)
let next = 0
bench('lookup of one of 100,000 connections on SQLite', {
  run: () => {
    next = (next + 7919) % (CONNECTIONS / 2)
    return ask(next)
  },
  peer: { name: 'a get of the store', run: () => store.get('nothing') },
  concurrency: [1, 100],
})
let stale = CONNECTIONS / 2
bench('refresh, the provider answering at once', {
  run: () => ask(CONNECTIONS / 2 + (stale++ % (CONNECTIONS / 2))),
  peer: { name: 'a get of the store', run: () => store.get('nothing') },
  concurrency: [1, 100],
})

function sqliteTables(path: string): Store & { begin(): void; commit(): void } {
  const db = new DatabaseSync(path)
  db.exec(
    'pragma journal_mode = wal; create table r (key text primary key, value blob, version integer, ends real) without rowid; create table i (name text, key text, primary key (name, key)) without rowid; create index by_key on i (key)',
  )
  const read = db.prepare('select key, value, version from r where key = ? and (ends is null or ends > ?)')
  const put = db.prepare('insert or replace into r values (?, ?, ?, ?)')
  const drop = db.prepare('delete from r where key = ?')
  const dropNames = db.prepare('delete from i where key = ?')
  const addName = db.prepare('insert or ignore into i values (?, ?)')
  const page = db.prepare(
    'select r.key, r.value, r.version from i join r using (key) where i.name = ? and i.key > ? order by i.key limit ?',
  )
  let version = 0
  const found = (key: string) =>
    read.get(key, Date.now() / 1000) as { key: string; value: Uint8Array; version: number } | undefined
  const versioned = ({ key, value, version }: { key: string; value: Uint8Array; version: number }): Versioned => ({
    key,
    value,
    version: String(version),
  })
  return {
    specificationVersion: 1,
    durable: true,
    async get(key) {
      const one = found(key)
      return one && versioned(one)
    },
    async put(key, value, { ifVersion, expiresInSeconds, index = [] }: PutOptions) {
      if ((found(key)?.version.toString() ?? null) !== ifVersion) return 'conflict'
      const own = !db.isTransaction
      if (own) db.exec('begin immediate')
      put.run(key, value, ++version, expiresInSeconds === undefined ? null : Date.now() / 1000 + expiresInSeconds)
      dropNames.run(key)
      for (const name of index) addName.run(name, key)
      if (own) db.exec('commit')
      return String(version)
    },
    async delete(key, options) {
      if (options !== undefined && found(key)?.version.toString() !== options.ifVersion) return 'conflict'
      drop.run(key)
      dropNames.run(key)
      return 'deleted'
    },
    list: async (name, { after = '', limit }) => (page.all(name, after, limit) as never[]).map(versioned),
    claimDue: async () => [],
    increment: async () => 1,
    begin: () => db.exec('begin'),
    commit: () => db.exec('commit'),
  }
}
