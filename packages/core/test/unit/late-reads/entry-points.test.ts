import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/authorization-server/connect-authorization-server.ts'
import { surroundingsOf } from '../../../src/authorization-server/surroundings.ts'
import { createDeviceLogin } from '../../../src/device-login/create-device-login.ts'
import { fgaClient, openFga } from '../../../src/entrypoints/fga.ts'
import { createSessions } from '../../../src/entrypoints/identity.ts'
import { createApprovalGate, createResourceServer } from '../../../src/entrypoints/resource-server.ts'
import { sealedStore } from '../../../src/entrypoints/sealed-store.ts'
import { auth0ConnectedAccounts, auth0TokenVault, exchangeVault, storedVault } from '../../../src/entrypoints/vault.ts'
import { createWatcher } from '../../../src/entrypoints/watcher.ts'
import { memoryStore } from '../../../src/index.ts'
import { testChannel } from '../approvals/harness.ts'
import { memoryFile } from '../device-login/device-server.ts'
import { ISSUER, servers, smallWorld } from '../guard/small-world.ts'
import { authorizationServerEntries } from './authorization-server.ts'
import { cibaEntries } from './ciba.ts'
import { exchangeEntries } from './exchange.ts'
import { fgaEntries } from './fga.ts'
import { guardEntries } from './guard.ts'
import { httpEntries } from './http.ts'
import { idJagEntries } from './id-jag.ts'
import { identityEntries } from './identity.ts'
import { resourceServerEntries } from './resource-server.ts'
import { restEntries } from './rest.ts'
import { vaultEntries } from './vault.ts'

const tables = [
  cibaEntries,
  exchangeEntries,
  guardEntries,
  idJagEntries,
  identityEntries,
  restEntries,
  vaultEntries,
  fgaEntries,
  httpEntries,
  authorizationServerEntries,
  resourceServerEntries,
]
const entries = new Set(tables.flatMap(Object.keys))

/** Entry points that have nothing to read late, by the reason. */
const exempt = new Set([
  // They return their answer, and keep nothing of what they were given.
  ...['currentCall', 'currentIdentity', 'detached', 'runAs', 'displayText', 'principalKey', 'subjectTokenOf', 'may'],
  ...['object', 'parseInterrupt', 'callerScopesOf', 'isApproved', 'explainAccess', 'explainScopes', 'scopeReportText'],
  ...[
    'slotWithin',
    'redactorOf',
    'withPolicies',
    'policiesOf',
    'readTools',
    'plainCopy',
    'namesSpecialUse',
    'resourceServer.metadata',
    'vault.connectUrl',
    'exchangeVault.connectUrl',
    'auth0TokenVault.connectUrl',
  ],
  ...['watcher.statistics', 'sessions.source'],
  // They take no object that an app fills in: none at all, identities (frozen), texts, functions, streams or an AbortSignal.
  ...[
    'publicTool',
    'delegations',
    'sharedTokens',
    'auth0Permissions',
    'guard.ready',
    'operator.cancel',
    'delegations.reseal',
  ],
  ...['sessions.end', 'vault.reseal', 'vault.onChange', 'accounts.available', 'accounts.list', 'deviceLogin.logout'],
  ...['watcher.run', 'webRequest', 'sendWebResponse'],
  // The guard alone calls them, with objects of its own.
  ...['sessions.endRevoked'],
])

const isClass = (value: object) => /^class\b/.test(Function.prototype.toString.call(value))

test('each function and method that the package exports is called with watched objects, or has nothing to read late', async () => {
  const folder = new URL('../../../src/entrypoints/', import.meta.url)
  const modules = ['../index.ts', ...readdirSync(folder)].map(
    (file) => import(/* @vite-ignore */ new URL(file, folder).href),
  )
  const names = (await Promise.all(modules)).flatMap((module: object) =>
    Object.entries(module)
      .filter(([, value]) => typeof value === 'function' && !isClass(value))
      .map(([name]) => name),
  )
  expect(names.length).toBeGreaterThan(50)
  const methods = Object.entries(made()).flatMap(([room, object]) => methodsOf(object).map((name) => `${room}.${name}`))
  const all = [...names, ...methods]
  expect(all.filter((name) => !entries.has(name) && !exempt.has(name))).toEqual([])
  // No exemption outlives its entry point.
  expect([...exempt].filter((name) => !all.includes(name))).toEqual([])
})

/** One of each object that an app calls methods of. */
function made(): Readonly<Record<string, object>> {
  const { guard, clock } = smallWorld()
  const behalf = guard()
  const authorizationServer = servers().of(ISSUER).profile
  const store = memoryStore()
  const fga = {
    apiUrl: 'https://fga.example',
    storeId: '01KAZ0000000000000000STORE',
    authorizationModelId: '01KAZ0000000000000000MODEL',
  }
  const definition = { label: 'CRM', issuer: 'https://crm.example', clientId: 'c', clientSecret: 's', scopes: ['a'] }
  const vault = storedVault({ store, connections: { crm: definition } })
  return {
    guard: behalf,
    approvals: behalf.approvals,
    pauses: behalf.pauses,
    delegations: behalf.delegations,
    operator: behalf.asOperator({ name: 'o' }),
    sessions: createSessions({ authorizationServer, store }),
    server: connectAuthorizationServer(authorizationServer, surroundingsOf('test', { clock })),
    vault,
    accounts: vault.accounts,
    exchangeVault: exchangeVault(),
    auth0TokenVault: auth0TokenVault(),
    connectedAccounts: auth0ConnectedAccounts({ domain: 'tenant.example', token: () => undefined, store }),
    resourceServer: createResourceServer({ authorizationServer, audience: 'https://api.example' }),
    gate: createApprovalGate({ store }),
    watcher: createWatcher({ authorizationServer, approvals: testChannel().channel, store, onAnswer: () => {} }),
    fga: fgaClient(fga),
    openFga: openFga({ ...fga, relations: { user: (relation) => relation } }),
    sealed: sealedStore({ store, kind: 'k' }),
    deviceLogin: createDeviceLogin({ authorizationServer, show: () => {}, file: memoryFile() }),
  }
}

function methodsOf(object: object): readonly string[] {
  const prototype = Object.getPrototypeOf(object) as object
  const names = [
    ...Object.keys(object),
    ...(prototype === Object.prototype ? [] : Object.getOwnPropertyNames(prototype)),
  ]
  return names.filter((name) => typeof object[name as keyof typeof object] === 'function' && name !== 'constructor')
}
