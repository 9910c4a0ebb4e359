import { epochSeconds } from '../clock.ts'
import type { Fault } from '../http/faults.ts'
import type { FrontDoor } from '../http/front-door.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import { refuseUnknownKeys, TestingError } from '../testing-error.ts'
import { issueRefreshToken } from './issue-tokens.ts'
import type { MockUser } from './options.ts'
import type { ServerContext } from './server-context.ts'
import {
  type AuthorizationDetail,
  type BackchannelRequest,
  type Grant,
  initialState,
  type LinkedAccount,
  type Session,
} from './state.ts'

/** An endpoint of a mocked authorization server, by name. */
export type AuthorizationServerEndpoint = 'metadata' | 'jwks' | 'authorize' | 'token' | 'bc-authorize' | 'revoke'

/** What the person sees on their device. */
export interface PendingRequest {
  readonly authReqId: string
  /** Which client asks. */
  readonly clientId: string
  /** Who is asked. */
  readonly subject: string
  readonly bindingMessage?: string
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** How a request is answered, where not just with yes to all that was asked. */
export interface ApproveOptions {
  /** Grants these scopes instead: fewer, or a misbehaving server's other ones. */
  readonly scopes?: readonly string[]
  /** Grants these details instead of those asked. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** Somebody else answers: the tokens are theirs. */
  readonly subject?: string
  /** @default the first of the request's `acr_values`, else the user's */
  readonly acr?: string
}

/** An upstream account that a test links. */
export interface ConnectOptions {
  /** The user's `sub` at the upstream. It must be a user there. */
  readonly upstreamSubject: string
  /** @default all scopes of the connection's resource */
  readonly scopes?: readonly string[]
}

/**
 * What a test, in the place of persons and operators, can do to an authorization server.
 *
 * Every control is async, so that the same test drives a real server over HTTP. A control that names a
 * user, a request or a connection that does not exist throws a {@link TestingError}.
 */
export interface AuthorizationServerControls {
  /** Signs a user in at this server; nobody with `undefined`. The next authorization request is theirs. */
  signInAs(subject: string | undefined, login?: { readonly acr?: string; readonly authTime?: number }): Promise<void>
  /** Open questions to persons, oldest first. */
  pendingRequests(subject?: string): Promise<readonly PendingRequest[]>
  /** Says yes for the person. @param authReqId - @default the newest open request */
  approve(authReqId?: string, options?: ApproveOptions): Promise<void>
  /** Says no for the person. */
  deny(authReqId?: string): Promise<void>
  /** Ends the life of the request now. */
  expire(authReqId?: string): Promise<void>
  /** The next poll of the request is answered `slow_down`. */
  slowDown(authReqId?: string): Promise<void>
  /** The redemption of the request happens, and its answer never arrives. */
  answerLost(authReqId?: string): Promise<void>
  /** Links an upstream account to a user, beside those already linked. @returns its account id in the vault */
  connect(subject: string, connection: string, options: ConnectOptions): Promise<string>
  /** Removes all linked accounts of a connection from a user's vault. */
  disconnect(subject: string, connection: string): Promise<void>
  /** Ends all refresh tokens of a user, and the chains they belong to. */
  revokeRefreshTokens(subject: string): Promise<void>
  /** Changes a user: roles, permissions, claims, name. Tokens already issued stay as they are. */
  changeUser(subject: string, changes: Partial<Omit<MockUser, 'subject'>>): Promise<void>
  /** Lets something go wrong at an endpoint. */
  fault(endpoint: AuthorizationServerEndpoint, fault: Fault): Promise<void>
  /** What was asked, in order, without secrets. */
  requests(): Promise<readonly LoggedRequest[]>
  /** Back to the beginning: users, logins, tokens, requests, links, faults and log. The key stays. */
  reset(): Promise<void>
}

/** Makes the controls of one server. */
export function createControls(
  context: ServerContext,
  door: FrontDoor,
  users: readonly MockUser[],
): AuthorizationServerControls {
  return {
    async signInAs(subject, login = {}) {
      context.state.signedIn = subject === undefined ? undefined : newSession(context, subject, login)
    },
    async pendingRequests(subject) {
      return openRequests(context)
        .filter((request) => subject === undefined || request.subject === subject)
        .map(shown)
    },
    async approve(authReqId, options = {}) {
      refuseUnknownKeys('approve', options, ['scopes', 'authorizationDetails', 'subject', 'acr'])
      const request = find(context, authReqId, 'open')
      const authorizationDetails = options.authorizationDetails ?? request.authorizationDetails
      const acr = options.acr ?? request.acrValues[0]
      request.answer = {
        session: newSession(context, options.subject ?? request.subject, acr === undefined ? {} : { acr }),
        scopes: options.scopes ?? request.scopes,
        ...(authorizationDetails && { authorizationDetails }),
      }
      request.state = 'approved'
    },
    async deny(authReqId) {
      find(context, authReqId, 'open').state = 'denied'
    },
    async expire(authReqId) {
      find(context, authReqId, 'unredeemed').expiresAt = context.clock.now()
    },
    async slowDown(authReqId) {
      find(context, authReqId, 'unredeemed').slowDownNext = true
    },
    async answerLost(authReqId) {
      find(context, authReqId, 'unredeemed').loseAnswer = true
    },
    async connect(subject, connection, options) {
      return link(context, subject, connection, options)
    },
    async disconnect(subject, connection) {
      userOf(context, subject)
      const kept = (context.state.linkedAccounts.get(subject) ?? []).filter((one) => one.connection !== connection)
      context.state.linkedAccounts.set(subject, kept)
    },
    async revokeRefreshTokens(subject) {
      userOf(context, subject)
      for (const { grant } of context.state.refreshTokens.values()) {
        if (grant.session.subject === subject) grant.revoked = true
      }
    },
    async changeUser(subject, changes) {
      refuseUnknownKeys('changeUser', changes, ['name', 'email', 'roles', 'permissions', 'claims', 'acr'])
      context.state.users.set(subject, { ...userOf(context, subject), ...changes })
    },
    async fault(endpoint, fault) {
      door.faults.add(endpoint, fault)
    },
    async requests() {
      return door.log.entries()
    },
    async reset() {
      context.state = initialState(users)
      door.log.clear()
      door.faults.clear()
    },
  }
}

function userOf(context: ServerContext, subject: string): MockUser {
  const user = context.state.users.get(subject)
  if (user === undefined) {
    throw new TestingError(
      `no user ${JSON.stringify(subject)}; there are ${[...context.state.users.keys()].join(', ')}`,
    )
  }
  return user
}

function newSession(
  context: ServerContext,
  subject: string,
  login: { readonly acr?: string; readonly authTime?: number },
): Session {
  return {
    subject,
    sessionId: crypto.randomUUID(),
    authTime: login.authTime ?? epochSeconds(context.clock),
    acr: login.acr ?? userOf(context, subject).acr ?? 'urn:behalf:acr:password',
  }
}

function openRequests(context: ServerContext): readonly BackchannelRequest[] {
  const now = context.clock.now()
  return [...context.state.backchannelRequests.values()].filter(
    (request) => request.state === 'pending' && request.expiresAt > now,
  )
}

function find(context: ServerContext, authReqId: string | undefined, which: 'open' | 'unredeemed'): BackchannelRequest {
  const candidates =
    which === 'open'
      ? openRequests(context)
      : [...context.state.backchannelRequests.values()].filter((request) => request.state !== 'redeemed')
  const found = authReqId === undefined ? candidates.at(-1) : candidates.find((one) => one.authReqId === authReqId)
  if (found === undefined) throw new TestingError(`no ${which} backchannel request${authReqId ? ' of this id' : ''}`)
  return found
}

function shown(request: BackchannelRequest): PendingRequest {
  const { authReqId, clientId, subject, bindingMessage, authorizationDetails, scopes, audience } = request
  return {
    authReqId,
    clientId,
    subject,
    ...(bindingMessage !== undefined && { bindingMessage }),
    ...(authorizationDetails && { authorizationDetails }),
    scopes,
    audience,
    expiresAt: Math.floor(request.expiresAt / 1000),
  }
}

async function link(context: ServerContext, subject: string, name: string, options: ConnectOptions): Promise<string> {
  refuseUnknownKeys('connect', options, ['upstreamSubject', 'scopes'])
  userOf(context, subject)
  const connection = context.connections.get(name)
  if (connection === undefined) {
    throw new TestingError(
      `no connection ${JSON.stringify(name)}; there are ${[...context.connections.keys()].join(', ')}`,
    )
  }
  const { refreshToken, scopes } = await connection.server.linkForVault(
    connection.clientId,
    options.upstreamSubject,
    connection.resource,
    options.scopes,
  )
  const account: LinkedAccount = {
    accountId: `cac_${crypto.randomUUID()}`,
    connection: name,
    upstreamSubject: options.upstreamSubject,
    scopes,
    refreshToken,
  }
  context.state.linkedAccounts.set(subject, [...(context.state.linkedAccounts.get(subject) ?? []), account])
  return account.accountId
}

/** The upstream's side of a link: a login there, and a refresh token for the vault's client. */
export function grantToVault(
  context: ServerContext,
  clientId: string,
  subject: string,
  resource: string,
  scopes: readonly string[] | undefined,
): { readonly refreshToken: string; readonly scopes: readonly string[] } {
  const known = context.resources.get(resource)?.scopes
  if (known === undefined) throw new TestingError(`${context.issuer} knows no API ${resource}`)
  const granted = scopes ?? known
  const grant: Grant = {
    clientId,
    session: newSession(context, subject, {}),
    scopes: [...granted, 'offline_access'],
    audience: [resource],
    revoked: false,
  }
  return { refreshToken: issueRefreshToken(context, grant).refresh_token as string, scopes: granted }
}
