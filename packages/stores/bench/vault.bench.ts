import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { memoryStore, type Store, type UserIdentity } from '@behalf/core'
import { type ConnectionDefinition, storedVault } from '@behalf/core/vault'
import { sqliteStore } from '@behalf/stores/sqlite'
import { note } from '../../../scripts/bench/figures.ts'
import { verifiedUser } from '../test/approvals/verified-user.ts'
import { place } from '../test/sqlite-files.ts'

/** 100,000 by default: so many users, each with so many connections. */
const USERS = Math.ceil(Number(process.env.CONNECTIONS ?? 100_000) / 100)
const EACH = 100
const LINKED_AT_ONCE = 50
const STALE_SECONDS = 60

/** Linking stops then, and what is there is measured. */
const MOST_FILLING_MS = Number(process.env.FILLING_SECONDS ?? 120) * 1000
/** For each rate. */
const MEASURED_MS = 5_000

/** One half of the connections lives for a day, the other half has ended whenever it is asked for. */
const isStale = (n: number): boolean => n >= EACH / 2
const connections = Object.fromEntries(
  Array.from({ length: EACH }, (_, n): [string, ConnectionDefinition] => {
    const at = `https://${isStale(n) ? 'stale' : 'fresh'}.example`
    const endpoints = { authorization: `${at}/authorize`, token: `${at}/token` }
    return [`crm-${n}`, { label: 'CRM', endpoints, clientId: 'app', clientSecret: 's', scopes: ['read'] }]
  }),
)

/** About what providers give: an opaque refresh token and a JWT. */
const provider = async (input: string | URL | Request) =>
  Response.json({
    access_token: `${crypto.randomUUID()}${'a'.repeat(864)}`,
    refresh_token: `${crypto.randomUUID()}${'r'.repeat(64)}`,
    token_type: 'Bearer',
    expires_in: String(input).startsWith('https://stale.') ? STALE_SECONDS : 86_400,
  })

const options = {
  keys: { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) },
  connections,
  fetch: provider,
} as const

const { file, remove } = place()
process.once('exit', remove)

// While it is filled, nothing waits for the disk; what is measured does.
const filling = new DatabaseSync(file)
const filled = sqliteStore({ database: filling })
await filled.get('nothing')
filling.exec('PRAGMA synchronous = OFF')

/** Connect flows under way stay in memory, so that only what lasts is written to the file. */
function accountsTo(durable: Store): Store {
  const flows = memoryStore({ maxEntries: 1_000_000 })
  const at = (key: string) => (key.startsWith('account:') ? durable : flows)
  return {
    specificationVersion: 2,
    durable: true,
    now: () => durable.now(),
    get: (key) => at(key).get(key),
    put: (key, value, how) => at(key).put(key, value, how),
    delete: (key, how) => at(key).delete(key, how),
    list: (index, how) => durable.list(index, how),
    claimDue: (queue, how) => durable.claimDue(queue, how),
    increment: (key, how) => durable.increment(key, how),
  }
}

const linking = storedVault({ ...options, store: accountsTo(filled) })

async function link(identity: UserIdentity, connection: string): Promise<void> {
  const request = { identity, connection, browser: 'a browser' }
  const started = await linking.accounts.connect({ ...request, redirectUri: `https://app.example/${connection}` })
  if (started.status !== 'started') throw new Error(started.detail)
  const parameters = new URLSearchParams({ state: started.state, code: 'a code' })
  const { status } = await linking.accounts.complete({ ...request, parameters })
  if (status !== 'connected') throw new Error(status)
}

const users = await Promise.all(Array.from({ length: USERS }, (_, n) => verifiedUser(`user-${n}`)))
const names = Object.keys(connections)
const began = performance.now()
let filledUsers = 0
for (const identity of users) {
  if (performance.now() - began > MOST_FILLING_MS) break
  filledUsers++
  for (let from = 0; from < EACH; from += LINKED_AT_ONCE) {
    await Promise.all(names.slice(from, from + LINKED_AT_ONCE).map((name) => link(identity, name)))
  }
}
const total = filledUsers * EACH
const seconds = (performance.now() - began) / 1000
filling.exec('PRAGMA wal_checkpoint(TRUNCATE)')
filling.close()
const bytes = statSync(file).size
note(
  `${total} connections on SQLite: ${(bytes / 2 ** 20).toFixed(0)} MiB, ${(bytes / total).toFixed(0)} bytes each; linked in ${seconds.toFixed(0)} s`,
)

const store = sqliteStore({ file })

/** Each round over the stale half comes after it has ended again. */
let refreshed = 0
const clock = { now: () => Date.now() + (1 + Math.floor(refreshed / (total / 2))) * (STALE_SECONDS + 1) * 1000 }
const vault = storedVault({ ...options, store, clock })
const context = { authorizationServers: {} as never, now: 0 }

async function ask(n: number, wantsStale: boolean): Promise<void> {
  const identity = users[n % filledUsers] as UserIdentity
  const connection = `crm-${(Math.floor(n / filledUsers) % (EACH / 2)) + (wantsStale ? EACH / 2 : 0)}`
  const { status } = await vault.token({ identity, connection, scopes: ['read'] }, context)
  if (status !== 'token') throw new Error(status)
}

/** So many under way at once, for a bounded time: a refresh waits for the disk several times. */
async function rate(name: string, width: number, run: () => Promise<void>): Promise<void> {
  const from = performance.now()
  let count = 0
  const worker = async () => {
    for (; performance.now() - from < MEASURED_MS; count++) await run()
  }
  await Promise.all(Array.from({ length: width }, worker))
  const perSecond = (count * 1000) / (performance.now() - from)
  note(`${name}, ${width} at once: ${perSecond.toFixed(0)} a second`)
}

let looked = 0
for (const width of [1, 100]) await rate('token that lives', width, () => ask(looked++, false))
for (const width of [1, 100]) await rate('token that is refreshed', width, () => ask(refreshed++, true))
store.close()
