import * as base64url from 'jose/base64url'
import { ownerOf, type UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError, InvalidTokenError } from '../base/errors/index.ts'
import { defined, namesOf, refuseUnknownKeys, requireText, requireTexts, scopeList } from '../base/values/index.ts'
import { requireBoolean } from '../base/values/options.ts'
import { type PresentUser, requireProofTime } from '../identity/present-user.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { revokeTokens } from '../oauth/tokens/release-token.ts'
import { checkLifetime } from '../records/revocation/index.ts'
import { renewLogin } from '../sign-in/renew-login.ts'
import type { LoginContext, StoredSession } from '../sign-in/session-login.ts'
import type { DelegatedCredentials, DelegationRecord, UseLimit } from './delegation-record.ts'

/** Terms that a user agrees to: which agent, for what, until when, how often. */
export interface CreateDelegationOptions {
  /** The present user, without an actor: the identity of a session, a login, or an interactive client. */
  readonly identity: UserIdentity
  /** The agent that may use it, by its configured name. @default the guard's own */
  readonly agent?: string | undefined
  /**
   * Client id of that agent at the user's issuer. An agent of another client is another agent.
   * @default the guard's own
   */
  readonly client?: string | undefined
  /**
   * Whether each use takes the agent's own verified identity as well (client credentials, `requestAgentIdentity`).
   * @default false
   */
  readonly provesAgent?: boolean | undefined
  /** Names of the tools that it may call. Give tools, scopes, or both. @default any tool of the agent */
  readonly tools?: readonly string[] | undefined
  /** Maximum scopes of its credentials. @default those that policies, roles and ceiling allow */
  readonly scopes?: readonly string[] | undefined
  /** Time at which the delegation expires, in epoch seconds; at most 366 days from now. */
  readonly expiresAt: number
  /** Number of jobs that may begin in a window. @default any number */
  readonly limit?: UseLimit | undefined
  /**
   * Refresh token of the user for the guard's client, from a login of its own (`offline_access`). It is used at once
   * and sealed, and belongs only to the delegation from then on. Never logged.
   * @default none
   */
  readonly refreshToken?: string | undefined
  /**
   * Whether jobs may get tokens of the user's linked accounts by the vault's worker grant. Not allowed with a refresh
   * token.
   * @default true if the guard's vault has such a grant, and no refresh token is given
   */
  readonly worker?: boolean | undefined
}

const optionKeys = namesOf<CreateDelegationOptions>(
  'identity',
  'agent',
  'client',
  'provesAgent',
  'tools',
  'scopes',
  'expiresAt',
  'limit',
  'refreshToken',
  'worker',
)

const at = (name: string) => `delegations.create.${name}`

/** The guard that makes a delegation. */
export interface MakingGuard extends LoginContext {
  readonly agent: string
  /** Whether its vault can request the tokens of an absent user. */
  readonly hasWorkerGrant: boolean
}

/** Checks the terms and builds the record to store. Its login is a new one that is proven to be this user's. */
export async function draftDelegation(
  options: CreateDelegationOptions,
  { identity }: PresentUser,
  context: MakingGuard,
): Promise<DelegationRecord> {
  refuseUnknownKeys('delegations.create', options, optionKeys)
  const { limit } = options
  const now = context.clock.now() / 1000
  if (!context.servers.knows(identity.issuer)) {
    throw new ConfigurationError(at('identity'), 'give the guard the profile of its issuer')
  }
  const tools = options.tools === undefined ? undefined : requireTexts(at('tools'), options.tools)
  const scopes = options.scopes === undefined ? undefined : scopeList(at('scopes'), options.scopes)
  if (tools === undefined && scopes === undefined) {
    throw new ConfigurationError('delegations.create', 'name tools, scopes or both: a delegation needs limits')
  }
  if (!(Number.isFinite(options.expiresAt) && options.expiresAt > now)) {
    throw new ConfigurationError(at('expiresAt'), 'give an end in the future, in epoch seconds')
  }
  checkLifetime(at('expiresAt'), options.expiresAt - now)
  const provenAt = requireProofTime(identity, context.clock)
  const { sessionId } = identity
  const credentials = credentialsOf(options, context)
  const agent = agentOf(options, context)
  const login = options.refreshToken === undefined ? undefined : await ownLogin(options.refreshToken, identity, context)
  return {
    v: 1,
    id: base64url.encode(crypto.getRandomValues(new Uint8Array(18))),
    state: 'unconfirmed',
    owner: ownerOf(identity),
    ...agent,
    credentials,
    ...defined({ tools, scopes }),
    ...(limit !== undefined && { limit: checkLimit(limit) }),
    createdAt: now,
    expiresAt: options.expiresAt,
    provenAt,
    ...defined({ sessionId, login }),
  }
}

/** Returns the agent that may use the delegation. */
function agentOf(
  { agent, client, provesAgent, identity, refreshToken }: CreateDelegationOptions,
  { servers, agent: ownAgent }: MakingGuard,
): Pick<DelegationRecord, 'agent' | 'client' | 'provesAgent'> {
  const ownClient = servers.of(identity.issuer).profile.clientId
  if (refreshToken !== undefined && client !== undefined && client !== ownClient) {
    throw new ConfigurationError(at('client'), 'a refresh token is for our client only: leave client out')
  }
  if (provesAgent !== undefined) requireBoolean(at('provesAgent'), provesAgent)
  return {
    agent: requireText(at('agent'), agent ?? ownAgent),
    client: requireText(at('client'), client ?? ownClient),
    ...(provesAgent === true && { provesAgent }),
  }
}

function credentialsOf(
  { refreshToken, worker, agent }: CreateDelegationOptions,
  { hasWorkerGrant, agent: ownAgent }: MakingGuard,
): DelegatedCredentials {
  if (worker !== undefined) requireBoolean(at('worker'), worker)
  if (refreshToken !== undefined) {
    if (worker !== true) return 'refresh_token'
    throw new ConfigurationError(at('worker'), 'and refreshToken each bring tokens: give one of them')
  }
  // Another agent has its own vault, which is unknown here.
  if (worker === true && !hasWorkerGrant && (agent === undefined || agent === ownAgent)) {
    throw new ConfigurationError(at('worker'), 'give the guard a vault with a worker grant, or leave it out')
  }
  return (worker ?? hasWorkerGrant) ? 'worker' : 'none'
}

function checkLimit(limit: UseLimit): UseLimit {
  refuseUnknownKeys(at('limit'), limit, ['uses', 'windowSeconds'])
  const { uses, windowSeconds } = limit
  if (!(Number.isSafeInteger(uses) && uses > 0)) throw new ConfigurationError(at('limit.uses'), 'give a whole number')
  if (!(Number.isFinite(windowSeconds) && windowSeconds > 0)) {
    throw new ConfigurationError(at('limit.windowSeconds'), 'give a number of seconds')
  }
  return { uses, windowSeconds }
}

/** Uses the refresh token at once, which proves that it belongs to this user. Other copies of it stop working. */
async function ownLogin(refreshToken: string, identity: UserIdentity, context: LoginContext): Promise<StoredSession> {
  requireText(at('refreshToken'), refreshToken)
  const { type, audience, keyThumbprint } = subjectTokenOf(identity) ?? {}
  const renewal = await renewLogin(
    {
      identity,
      token: { value: '', keyThumbprint },
      refreshToken,
      // Later tokens are verified as this one was.
      // Stryker disable next-line ConditionalExpression: An `undefined` audience equals a missing one: `renewLogin` reads only its value.
      ...(type === 'access_token' && audience !== undefined && { audience }),
      renewedAt: 0,
    },
    context,
  )
  if (renewal.status === 'renewed') return renewal.login
  if (renewal.status === 'unverified') {
    await revokeTokens(context.servers, identity.issuer, { refreshToken, ...renewal.tokens })
    throw renewal.error
  }
  throw new InvalidTokenError(
    'inactive',
    'the issuer does not take the refresh token: it ended, or is of another client',
  )
}
