import type { Fault } from '../../http/faults.ts'
import type { LoggedRequest } from '../../http/request-log.ts'
import type { MockUser } from '../options.ts'
import type { AuthorizationDetail } from '../state.ts'

/** An endpoint of a mocked authorization server, by name. */
export type AuthorizationServerEndpoint =
  | 'metadata'
  | 'jwks'
  | 'authorize'
  | 'par'
  | 'token'
  | 'bc-authorize'
  | 'device-authorization'
  | 'introspect'
  | 'register'
  | 'revoke'

/** Request as the person sees it on their device. */
export interface PendingRequest {
  /** Id of the request, which the other controls take. It redeems the tokens: treat it as a secret. */
  readonly authReqId: string
  /** Id of the client that asks. */
  readonly clientId: string
  /** Subject of the person who is asked. */
  readonly subject: string
  /** The message that the person reads. Absent where the client sent none. */
  readonly bindingMessage?: string
  /** The details that are asked for. Absent where the client sent none. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** The scopes that are asked for. */
  readonly scopes: readonly string[]
  /** Identifiers of the APIs that the tokens would be for. */
  readonly audience: readonly string[]
  /** Time at which the request expires, in epoch seconds. */
  readonly expiresAt: number
}

/** Changes to an answer that does not grant exactly the requested values. */
export interface ApproveOptions {
  /** Scopes to grant instead: fewer, or other ones, as a misbehaving server would. */
  readonly scopes?: readonly string[]
  /** Grants these details instead of those asked. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** Another user answers: the tokens are for this subject. */
  readonly subject?: string
  /** Authentication context class of the tokens. @default the first of the request's `acr_values`, else the user's */
  readonly acr?: string
}

/** An upstream account that a test links. */
export interface ConnectOptions {
  /** The user's `sub` at the upstream. It must be a user there. */
  readonly upstreamSubject: string
  /** Scopes that the user grants to the vault. @default all scopes of the connection's resource */
  readonly scopes?: readonly string[]
}

/**
 * Controls by which a test, in place of persons and operators, changes an authorization server.
 *
 * Every control is async, so that the same test drives a real server over HTTP. A control that names a user, a request
 * or a connection that does not exist throws a {@link TestingError}.
 */
export interface AuthorizationServerControls {
  /** Signs a user in at this server; `undefined` signs out. The next authorization request is theirs. */
  signInAs(subject: string | undefined, login?: { readonly acr?: string; readonly authTime?: number }): Promise<void>
  /** Open questions to persons, oldest first. */
  pendingRequests(subject?: string): Promise<readonly PendingRequest[]>
  /** Approves the request for the person. @param authReqId - @default the newest open request */
  approve(authReqId?: string, options?: ApproveOptions): Promise<void>
  /** Denies the request for the person. */
  deny(authReqId?: string): Promise<void>
  /** Lets the request expire now. */
  expire(authReqId?: string): Promise<void>
  /** Answers the next poll of the request with `slow_down`. */
  slowDown(authReqId?: string): Promise<void>
  /** Redeems the request at the next poll, and loses the response. */
  answerLost(authReqId?: string): Promise<void>
  /** Approves a device login, as if this user had entered the code in a browser. */
  approveDevice(userCode: string, subject: string): Promise<void>
  /** Denies a device login, as if a user had entered the code in a browser. */
  denyDevice(userCode: string): Promise<void>
  /** Links an upstream account to a user, in addition to those already linked. @returns its account id in the vault */
  connect(subject: string, connection: string, options: ConnectOptions): Promise<string>
  /** Removes all linked accounts of a connection from a user's vault. */
  disconnect(subject: string, connection: string): Promise<void>
  /** Ends all refresh tokens of a user, and the chains they belong to. */
  revokeRefreshTokens(subject: string): Promise<void>
  /** Changes a user: roles, permissions, claims, name. Issued tokens do not change. */
  changeUser(subject: string, changes: Partial<Omit<MockUser, 'subject'>>): Promise<void>
  /** Adds a fault at an endpoint. */
  fault(endpoint: AuthorizationServerEndpoint, fault: Fault): Promise<void>
  /** Returns the requests to the server, in order, without secrets. */
  requests(): Promise<readonly LoggedRequest[]>
  /** Resets users, logins, tokens, requests, links, faults and log. The key stays. */
  reset(): Promise<void>
}
