import { Faults, type MockClient, type MockResource, type MockUser, RequestLog } from '@behalf/testing'
import type { JWK } from 'jose'
import type { Provider } from 'oidc-provider'
import type { AuthorizationServerOptions } from './options.ts'
import { Records } from './records.ts'
import type { ServerParts } from './server-parts.ts'

/** A login of a user. */
export interface SignedIn {
  readonly subject: string
  readonly sessionId: string
  readonly acr: string
  /** Time of the login, in epoch seconds. */
  readonly authTime: number
}

/** Allowed polling rate of a client. */
export interface Pace {
  /** Polling interval in seconds; each `slow_down` increases it. */
  interval: number
  /** Epoch milliseconds. */
  lastPollAt?: number
  slowDownNext: boolean
  loseAnswer: boolean
}

/** An upstream account that a user linked. */
export interface LinkedAccount {
  readonly accountId: string
  readonly connection: string
  readonly upstreamSubject: string
  readonly refreshToken: string
}

/** State that changes in addition to the library's own records. */
export interface ServerState {
  readonly users: Map<string, MockUser>
  signedIn: SignedIn | undefined
  /** Paces by `auth_req_id` or device code. */
  readonly paces: Map<string, Pace>
  /** Linked accounts by user. */
  readonly linkedAccounts: Map<string, readonly LinkedAccount[]>
  /** Grant of each access token, by `jti`: a token of a revoked grant is no valid subject token. */
  readonly grantsByTokenId: Map<string, string>
  /** `jti` of redeemed ID-JAGs, by issuer. */
  readonly redeemed: Set<string>
  /** `auth_req_id` of questions whose answer is given, or is being stored. */
  readonly answered: Set<string>
}

/** Values that the parts of one server share. */
export interface ServerContext {
  readonly issuer: string
  readonly options: AuthorizationServerOptions
  readonly provider: Provider
  readonly records: Records
  readonly log: RequestLog
  readonly faults: Faults
  /** Private. */
  readonly key: JWK
  readonly algorithm: 'RS256' | 'ES256'
  /** Absent: a server for a test, without pages. */
  readonly parts: ServerParts | undefined
  state: ServerState
}

/** Endpoints, by their names in `fault` and in the log. */
export const PATHS = {
  '/.well-known/jwks.json': 'jwks',
  '/.well-known/openid-configuration': 'metadata',
  '/.well-known/oauth-authorization-server': 'metadata',
  '/authorize': 'authorize',
  '/bc-authorize': 'bc-authorize',
  '/oauth/device/code': 'device-authorization',
  '/oauth/introspect': 'introspect',
  '/oauth/par': 'par',
  '/oauth/register': 'register',
  '/oauth/revoke': 'revoke',
  '/oauth/token': 'token',
} as const

const ENDPOINTS = [...new Set(Object.values(PATHS))]

export function initialState(users: readonly MockUser[]): ServerState {
  return {
    users: new Map(users.map((user) => [user.subject, user])),
    signedIn: undefined,
    paces: new Map(),
    linkedAccounts: new Map(),
    grantsByTokenId: new Map(),
    redeemed: new Set(),
    answered: new Set(),
  }
}

/** Creates the context without the provider, which is made from it. */
export function createContext(
  issuer: string,
  options: AuthorizationServerOptions,
  key: JWK,
  parts?: ServerParts,
): Omit<ServerContext, 'provider'> {
  return {
    issuer,
    options,
    records: new Records(options.refreshGraceSeconds, parts?.shelf),
    log: new RequestLog(),
    faults: new Faults(ENDPOINTS),
    key,
    algorithm: options.algorithm ?? 'ES256',
    parts,
    state: initialState(options.users),
  }
}

/** Scopes that belong to no API. */
export const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

export function resourceOf({ options }: Pick<ServerContext, 'options'>, identifier: string): MockResource | undefined {
  return options.resources?.find((resource) => resource.identifier === identifier)
}

/** Returns the lifetime of access tokens for an API, in seconds. */
export function secondsOf({ options }: Pick<ServerContext, 'options'>, identifier: string): number {
  return resourceOf({ options }, identifier)?.accessTokenSeconds ?? options.accessTokenSeconds ?? 3600
}

/** Returns a client of the options; `undefined` for one that registered itself. */
export function clientOf({ options }: Pick<ServerContext, 'options'>, clientId: string): MockClient | undefined {
  return options.clients.find((client) => client.clientId === clientId)
}

/** The scopes of an API that a user may have. */
export function permitted(
  { state }: Pick<ServerContext, 'state'>,
  subject: string,
  scopes: readonly string[],
): readonly string[] {
  const permissions = state.users.get(subject)?.permissions
  return permissions === undefined ? scopes : scopes.filter((scope) => permissions.includes(scope))
}

export function epochSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** A space-separated list, each item once. */
export function words(value: unknown): readonly string[] {
  return typeof value === 'string' ? [...new Set(value.split(' ').filter(Boolean))] : []
}
