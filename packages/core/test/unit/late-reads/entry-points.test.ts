import { readdirSync } from 'node:fs'
import { coversEachEntryPoint } from '@behalf/testing/late-reads'
import { fgaClient, openFga } from '../../../src/entrypoints/fga.ts'
import { createSessions, createSignIn } from '../../../src/entrypoints/identity.ts'
import { createApprovalGate, createResourceServer } from '../../../src/entrypoints/resource-server.ts'
import { sealedStore } from '../../../src/entrypoints/sealed-store.ts'
import { auth0ConnectedAccounts, auth0TokenVault, exchangeVault, storedVault } from '../../../src/entrypoints/vault.ts'
import { createWatcher } from '../../../src/entrypoints/watcher.ts'
import { memoryStore } from '../../../src/index.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { createDeviceLogin } from '../../../src/sign-in/device-login/create-device-login.ts'
import { ISSUER, servers, smallWorld } from '../guard/small-world.ts'
import { testChannel } from '../runs/harness.ts'
import { memoryFile } from '../sign-in/device-server.ts'
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
  exchangeEntries({} as never),
  guardEntries,
  idJagEntries({} as never),
  identityEntries,
  restEntries,
  vaultEntries,
  fgaEntries,
  httpEntries,
  authorizationServerEntries,
  resourceServerEntries,
]

/** Entry points that have nothing to read late, by the reason. */
const exempt = [
  // They return their answer, and keep nothing of what they were given.
  ...[
    'currentCall',
    'currentIdentity',
    'identityAround',
    'detached',
    'runAs',
    'displayText',
    'principalKey',
    'subjectTokenOf',
    'may',
  ],
  ...[
    'object',
    'parseInterrupt',
    'agUiInterrupts',
    'callerScopesOf',
    'isApproved',
    'explainAccess',
    'explainOutcome',
    'explainScopes',
    'scopeReportText',
  ],
  ...[
    'slotWithin',
    'redactorOf',
    'withPolicies',
    'identityFault',
    'checkAuth0Message',
    'refusalParts',
    'atOnce',
    'tellFault',
    'resultOf',
    'shownError',
    'tellError',
    'behindGuard',
    'isGuarded',
    'bodyOf',
    'policiesOf',
    'readTools',
    'plainCopy',
    'identityOfCall',
    'toolRefusal',
    'isToolRefusal',
    'namesSpecialUse',
    'resourceServer.metadata',
    'vault.connectUrl',
    'exchangeVault.connectUrl',
    'auth0TokenVault.connectUrl',
  ],
  ...['watcher.statistics', 'sessions.source'],
  // They take no object that an app fills in: none at all, identities (frozen), texts, functions, streams or an AbortSignal.
  ...[
    'tellApp',
    'publicTool',
    'delegations',
    'sharedTokens',
    'auth0Permissions',
    'guard.ready',
    'pauses.unheard',
    'operator.cancel',
    'delegations.reseal',
  ],
  ...['sessions.end', 'vault.reseal', 'vault.onChange', 'accounts.available', 'accounts.list', 'deviceLogin.logout'],
  ...['watcher.run', 'webRequest', 'sendWebResponse'],
  // Parts of this package alone call them, with objects of their own.
  ...['sessions.endRevoked', 'server.post'],
]

const folder = new URL('../../../src/entrypoints/', import.meta.url)
const modules: object[] = await Promise.all(
  ['../index.ts', ...readdirSync(folder)].map((file) => import(/* @vite-ignore */ new URL(file, folder).href)),
)

coversEachEntryPoint({ modules, objects: made, tables, exempt })

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
    signIn: createSignIn({ authorizationServer, store, redirectUri: 'https://app.example/callback' }),
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
