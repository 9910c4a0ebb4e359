import { epochSeconds } from '../../clock.ts'
import type { Faults } from '../../http/faults.ts'
import type { RequestLog } from '../../http/request-log.ts'
import { refuseUnknownKeys, TestingError } from '../../testing-error.ts'
import type { MockUser } from '../options.ts'
import { OPENID_SCOPES, type SharedServer } from '../server-facts.ts'
import type { Session } from '../state.ts'
import { acrOf } from '../tokens/claims.ts'
import type { AuthorizationServerControls, ConnectOptions } from './authorization-server-controls.ts'

/** Controls that both kinds of mocked servers share. */
export type SharedControls = Pick<
  AuthorizationServerControls,
  'connect' | 'disconnect' | 'changeUser' | 'fault' | 'requests'
>

/**
 * Makes the controls that are the same at each server.
 * @param changed - Called after a change of the state.
 */
export function sharedControls(
  server: SharedServer,
  { log, faults }: { readonly log: RequestLog; readonly faults: Faults },
  changed: () => void = () => undefined,
): SharedControls {
  return {
    async connect(subject, connection, options) {
      const accountId = await link(server, subject, connection, options)
      changed()
      return accountId
    },
    async disconnect(subject, connection) {
      const { linkedAccounts } = server.state
      const linked = linkedAccounts.get(userOf(server, subject).subject) ?? []
      const kept = linked.filter((one) => one.connection !== connection)
      linkedAccounts.set(subject, kept)
      changed()
    },
    async changeUser(subject, changes) {
      refuseUnknownKeys('changeUser', changes, ['name', 'email', 'roles', 'permissions', 'claims', 'acr'])
      const user = userOf(server, subject)
      requireScopes(server, changes.permissions ?? [])
      server.state.users.set(subject, { ...user, ...changes })
      changed()
    },
    async fault(endpoint, fault) {
      faults.add(endpoint, fault)
    },
    requests: async () => log.entries(),
  }
}

/** Returns a user. @throws TestingError There is no such user. */
export function userOf({ state }: Pick<SharedServer, 'state'>, subject: string): MockUser {
  const user = state.users.get(subject)
  if (user !== undefined) return user
  throw new TestingError(`no user ${JSON.stringify(subject)}; there are ${[...state.users.keys()].join(', ')}`)
}

/** Refuses a permission that no token of this server can have: it would change nothing, without an error. */
function requireScopes({ resources }: SharedServer, permissions: readonly string[]): void {
  const known = new Set([...OPENID_SCOPES, ...[...resources.values()].flatMap(({ scopes }) => scopes)])
  const unknown = permissions.filter((permission) => !known.has(permission))
  if (unknown.length === 0) return
  const scopes = [...known].filter((scope) => !OPENID_SCOPES.has(scope)).join(', ')
  throw new TestingError(
    `changeUser: permissions: ${unknown.join(', ')} is a scope of no API of this server; its APIs have ${scopes || 'no scope'}`,
  )
}

/** Returns a new login of a user. */
export function newSession(
  server: Pick<SharedServer, 'state' | 'clock'>,
  subject: string,
  login: { readonly acr?: string | undefined; readonly authTime?: number | undefined } = {},
): Session {
  return {
    subject: userOf(server, subject).subject,
    sessionId: crypto.randomUUID(),
    authTime: login.authTime ?? epochSeconds(server.clock),
    acr: login.acr ?? acrOf(server, subject),
  }
}

async function link(server: SharedServer, subject: string, name: string, options: ConnectOptions): Promise<string> {
  refuseUnknownKeys('connect', options, ['upstreamSubject', 'scopes'])
  userOf(server, subject)
  const connection = server.connections.get(name)
  if (connection === undefined) {
    const known = [...server.connections.keys()].join(', ')
    throw new TestingError(`no connection ${JSON.stringify(name)}; there are ${known}`)
  }
  const { clientId, resource } = connection
  const { upstreamSubject, scopes } = options
  const { refreshToken } = await connection.server.linkForVault(clientId, upstreamSubject, resource, scopes)
  const account = { accountId: `cac_${crypto.randomUUID()}`, connection: name, upstreamSubject, refreshToken }
  const { linkedAccounts } = server.state
  linkedAccounts.set(subject, [...(linkedAccounts.get(subject) ?? []), account])
  return account.accountId
}
