import { allowInsecureLoopback, type Fetch, type Store } from '@behalf/core'
import { type StoredVault, storedVault } from '@behalf/core/vault'
import { verifiedUser } from '../approvals/verified-user.ts'

const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

export const UPSTREAM = {
  redirectUri: 'https://app.example/connections/callback/crm',
  resource: 'https://api.crm.example/',
} as const

/** Where the upstream is, and for how long it gives a lost answer again. */
export interface Upstream {
  readonly issuer: string
  readonly graceSeconds: number
}

/** An embedded vault over a store that other processes use as well. @param offset - Of its clock, milliseconds. */
export function vaultOn(
  store: Store,
  { issuer, graceSeconds }: Upstream,
  { offset = () => 0, fetch }: { readonly offset?: () => number; readonly fetch?: Fetch } = {},
): StoredVault {
  return storedVault({
    store,
    keys,
    clock: { now: () => Date.now() + offset() },
    ...(fetch !== undefined && { fetch }),
    connections: {
      crm: {
        label: 'CRM',
        issuer,
        clientId: 'behalf',
        clientSecret: 'upstream-secret',
        scopes: ['contacts.read'],
        alwaysScopes: ['openid', 'offline_access'],
        authorizationParameters: { prompt: 'consent' },
        resource: UPSTREAM.resource,
        refresh: { rotates: true, graceSeconds },
        [allowInsecureLoopback]: true,
      },
    },
  })
}

/** Ann links her account: the app and her browser in one. */
export async function link(vault: StoredVault): Promise<string> {
  const identity = await verifiedUser()
  const request = { identity, connection: 'crm', browser: 'a-browser' }
  const started = await vault.accounts.connect({ ...request, redirectUri: UPSTREAM.redirectUri })
  if (started.status !== 'started') return started.status
  const atProvider = await fetch(started.url, { redirect: 'manual' })
  const { searchParams: parameters } = new URL(atProvider.headers.get('location') ?? '')
  return (await vault.accounts.complete({ ...request, parameters })).status
}

/** So many calls at once, and how they ended. */
export async function ask(vault: StoredVault, calls: number): Promise<readonly string[]> {
  const identity = await verifiedUser()
  const request = { identity, connection: 'crm', scopes: ['contacts.read'] }
  const context = { authorizationServers: {} as never, now: 0 }
  const answers = await Promise.all(Array.from({ length: calls }, () => vault.token(request, context)))
  return answers.map(({ status }) => status)
}

/** Disconnects what ann has, and says how that ended. */
export async function disconnect(vault: StoredVault): Promise<readonly string[]> {
  const identity = await verifiedUser()
  const linked = await vault.accounts.list(identity)
  const name = { connection: 'crm' }
  const gone = linked.map(({ id }) => vault.accounts.disconnect(identity, { ...name, account: id }))
  return (await Promise.all(gone)).map(({ status }) => status)
}
