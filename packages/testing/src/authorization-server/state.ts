import type { JWTPayload } from 'jose'
import type { Pace } from './grants/pace.ts'
import type { MockClient, MockUser } from './options.ts'

/** A login of a user. */
export interface Session {
  /** Subject of the user. */
  readonly subject: string
  /** The claim `sid` of the tokens. */
  readonly sessionId: string
  /** Time of the login, in epoch seconds. */
  readonly authTime: number
  /** Authentication context class of the login. */
  readonly acr: string
}

/** Grant of a token chain: by a code, and through all refreshes that follow it. */
export interface Grant {
  readonly clientId: string
  readonly session: Session
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly nonce?: string
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** Thumbprint of the key that a public client's refresh tokens are bound to (RFC 9449 §5). */
  readonly boundTo?: string
  /** Set by reuse detection and by revocation: all tokens of the chain are invalid. */
  revoked: boolean
}

/** One entry of `authorization_details` (RFC 9396 §2): the exact approved action. */
export interface AuthorizationDetail {
  /** Kind of the detail, such as `stock_order`. It defines the other fields. */
  readonly type: string
  /** Further fields, by the detail's type. */
  readonly [field: string]: unknown
}

export interface AuthorizationCode {
  readonly grant: Grant
  readonly redirectUri: string
  readonly codeChallenge: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
  used: boolean
}

export interface RefreshToken {
  readonly grant: Grant
  used: boolean
}

/** A question to a person, for whose answer a client polls. */
export interface Question extends Pace {
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Epoch milliseconds. */
  expiresAt: number
  state: 'pending' | 'approved' | 'denied' | 'redeemed'
}

/** A question from `/bc-authorize`. */
export interface BackchannelRequest extends Question {
  readonly authReqId: string
  readonly subject: string
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  readonly bindingMessage?: string
  readonly acrValues: readonly string[]
  /** Token of the notification in ping mode (CIBA Core §10.2). */
  readonly notificationToken?: string
  answer?: BackchannelAnswer
}

/** Decision of the person, or of a test in their place. */
export interface BackchannelAnswer {
  readonly session: Session
  readonly scopes: readonly string[]
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}

/** A device that waits until a user enters its code elsewhere (RFC 8628). */
export interface DeviceRequest extends Question {
  readonly userCode: string
  session?: Session
}

/** An authorization request that was pushed and not used yet (RFC 9126). */
export interface PushedRequest {
  readonly clientId: string
  readonly parameters: URLSearchParams
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** State of an opaque access token, as introspection returns it. */
export interface OpaqueToken {
  readonly claims: JWTPayload
  readonly tokenType: string
  readonly grant?: Grant
}

/** A client that registered itself, and the token with which it manages its registration. */
export interface RegisteredClient {
  readonly client: MockClient
  readonly metadata: Readonly<Record<string, unknown>>
  readonly registrationAccessToken: string
}

/** An upstream account that a user linked. The vault holds its refresh token at the upstream. */
export interface LinkedAccount {
  /** Id of the account in the vault. */
  readonly accountId: string
  /** Name of the connection. */
  readonly connection: string
  /** The user's `sub` at the upstream. */
  readonly upstreamSubject: string
  /** Refresh token of the vault's client at the upstream. */
  readonly refreshToken: string
}

/** State that each server has. */
export interface SharedState {
  /** Users by subject. */
  readonly users: Map<string, MockUser>
  /** Linked accounts by user. */
  readonly linkedAccounts: Map<string, readonly LinkedAccount[]>
  /** `jti` of redeemed ID-JAGs and requests of workers, by issuer. */
  readonly redeemed: Set<string>
}

/** Everything that changes in a mocked authorization server. */
export interface ServerState extends SharedState {
  signedIn: Session | undefined
  codes: Map<string, AuthorizationCode>
  refreshTokens: Map<string, RefreshToken>
  backchannelRequests: Map<string, BackchannelRequest>
  /** Devices by device code. */
  devices: Map<string, DeviceRequest>
  /** Pushed requests by `request_uri`. */
  pushedRequests: Map<string, PushedRequest>
  opaqueTokens: Map<string, OpaqueToken>
  registeredClients: Map<string, RegisteredClient>
  /** `jti` of client assertions, by client, with their end in epoch seconds. */
  assertions: Map<string, number>
  /** `jti` of DPoP proofs, by key, with their end in epoch seconds. */
  proofs: Map<string, number>
  /** Chain of each access token, by `jti`: a token of a revoked chain is no valid subject token. */
  grantsByTokenId: Map<string, Grant>
}

export function initialState(users: readonly MockUser[]): ServerState {
  return {
    users: new Map(users.map((user) => [user.subject, user])),
    signedIn: undefined,
    codes: new Map(),
    refreshTokens: new Map(),
    backchannelRequests: new Map(),
    devices: new Map(),
    pushedRequests: new Map(),
    opaqueTokens: new Map(),
    registeredClients: new Map(),
    linkedAccounts: new Map(),
    assertions: new Map(),
    proofs: new Map(),
    grantsByTokenId: new Map(),
    redeemed: new Set(),
  }
}
