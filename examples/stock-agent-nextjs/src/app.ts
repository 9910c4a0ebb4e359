import { join } from 'node:path'
import type { Guard, UserIdentity } from '@behalf/core'
import { connectAccounts, inAppInbox } from '@behalf/core/http'
import { createSessions, createSignIn } from '@behalf/core/identity'
import type { AccountLinker } from '@behalf/core/vault'
import { sqliteStore } from '@behalf/stores/sqlite'
import { type Activity, activityIn } from './activity.ts'
import { auditOf } from './audit.ts'
import { type Conversations, conversationsIn } from './conversations.ts'
import { openDatabase } from './database.ts'
import { guardOf, profileOf, vaultOf } from './guard.ts'
import { createLocks, type Locks } from './locks.ts'
import { createLogin, type Login } from './login.ts'
import { readSettings, type Settings } from './settings.ts'
import { becomeSoleProcess } from './sole-process.ts'
import { userOwner, type Who, whoIs } from './who-is.ts'

/** Values that all routes and pages share. */
export interface StockApp {
  readonly settings: Settings
  /** Held until the process ends: no other process uses its folder. */
  readonly lock: object
  readonly guard: Guard
  readonly conversations: Conversations
  readonly activity: Activity
  readonly locks: Locks
  readonly login: Login
  /** Linked accounts of users, for their page. */
  readonly accounts: AccountLinker
  /** Handler under `/connections`, with which users link their accounts. */
  readonly connections: (request: Request) => Promise<Response>
  /** Handler of `/api/inbox`: questions to people who approve for others. */
  readonly inbox: (request: Request) => Promise<Response>
  /** Ends a user's open and unused approvals, their logins, and their linked accounts. A body that runs is not stopped. */
  endAccess(identity: UserIdentity): Promise<void>
  whoIs(request: Pick<Request, 'headers'>): Promise<Who>
}

declare global {
  var behalfStockApp: StockApp | undefined
}

/**
 * Returns the app of this process. Next.js bundles routes and pages separately, so a module-level variable would exist
 * several times.
 */
export function stockApp(): StockApp {
  globalThis.behalfStockApp ??= openApp(readSettings())
  return globalThis.behalfStockApp
}

function openApp(settings: Settings): StockApp {
  const { origin, keys, audience, sessionSeconds, agentName } = settings
  const lock = becomeSoleProcess(settings.directory)
  const database = openDatabase(settings.directory)
  const store = sqliteStore({ file: join(settings.directory, 'behalf.sqlite') })
  const authorizationServer = profileOf(settings)
  const sessions = createSessions({ authorizationServer, store, keys, audience, lifetimeSeconds: sessionSeconds })
  const signIn = createSignIn({
    authorizationServer,
    store,
    keys,
    redirectUri: `${origin}/callback`,
    scopes: ['openid', 'profile', 'chat'],
    resource: audience,
  })
  const conversations = conversationsIn(database)
  const activity = activityIn(database, userOwner)
  const vault = vaultOf(settings, store)
  const audit = auditOf(settings, activity.sink)
  const guard = guardOf({ settings, authorizationServer, store, vault, sessions, audit })
  const who = (request: Pick<Request, 'headers'>) => whoIs(request, { sessions, origin })
  const identityOf = async (request: Request) => (await who(request)).identity
  return {
    settings,
    lock,
    guard,
    conversations,
    activity,
    locks: createLocks(),
    login: createLogin({ settings, signIn, sessions, conversations }),
    accounts: vault.accounts,
    connections: connectAccounts({
      linker: vault.accounts,
      identityOf,
      store,
      keys,
      baseUrl: `${origin}/connections`,
    }),
    inbox: inAppInbox({
      store,
      keys,
      identityOf,
      origins: [origin],
      audit: { sink: audit, agent: agentName },
    }),
    async endAccess({ issuer, tenant, subject }) {
      const whose = { issuer, subject, ...(tenant !== undefined && { tenant }) }
      await guard.revoke(whose)
      // Links outlive logins and revocations, until the app deletes them.
      await vault.forget(whose)
    },
    whoIs: who,
  }
}
