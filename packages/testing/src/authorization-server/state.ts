import type { JWTPayload } from 'jose'
import type { MockClient, MockUser } from './options.ts'

/** A login of a user. */
export interface Session {
  readonly subject: string
  readonly sessionId: string
  /** Epoch seconds. */
  readonly authTime: number
  readonly acr: string
}

/** What a token chain was granted: by a code, and through all refreshes that follow it. */
export interface Grant {
  readonly clientId: string
  readonly session: Session
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly nonce?: string
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** Thumbprint of the key that a public client's refresh tokens are bound to (RFC 9449 §5). */
  readonly boundTo?: string
  /** Set by reuse detection and by revocation: no token of the chain works any more. */
  revoked: boolean
}

/** One entry of `authorization_details` (RFC 9396 §2): what is approved in particular. */
export interface AuthorizationDetail {
  /** Kind of the detail, such as `stock_order`. It says which further fields there are. */
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

/** How fast a client may poll, and what a test wants the next poll to meet. */
export interface Pace {
  /** Seconds; grows with each `slow_down`. */
  interval: number
  lastPollAt?: number
  slowDownNext: boolean
}

/** A question to a person, from `/bc-authorize` until its redemption. */
export interface BackchannelRequest extends Pace {
  readonly authReqId: string
  readonly clientId: string
  readonly subject: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  readonly bindingMessage?: string
  readonly acrValues: readonly string[]
  /** Epoch milliseconds. */
  readonly createdAt: number
  expiresAt: number
  /** Ping mode: what the notification proves itself with (CIBA Core §10.2). */
  readonly notificationToken?: string
  loseAnswer: boolean
  state: 'pending' | 'approved' | 'denied' | 'redeemed'
  answer?: BackchannelAnswer
}

/** What the person, or a test in their place, decided. */
export interface BackchannelAnswer {
  readonly session: Session
  readonly scopes: readonly string[]
  readonly authorizationDetails?: readonly AuthorizationDetail[]
}

/** A device that waits until a user enters its code elsewhere (RFC 8628). */
export interface DeviceRequest extends Pace {
  readonly deviceCode: string
  readonly userCode: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Epoch milliseconds. */
  readonly expiresAt: number
  state: 'pending' | 'approved' | 'denied' | 'redeemed'
  session?: Session
}

/** An authorization request that was pushed and not used yet (RFC 9126). */
export interface PushedRequest {
  readonly clientId: string
  readonly parameters: URLSearchParams
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** An access token that is no JWT: what introspection says of it. */
export interface OpaqueToken {
  readonly claims: JWTPayload
  readonly tokenType: string
  readonly grant?: Grant
}

/** A client that registered itself, and what lets it manage its registration. */
export interface RegisteredClient {
  readonly client: MockClient
  readonly metadata: Readonly<Record<string, unknown>>
  readonly registrationAccessToken: string
}

/** An upstream account that a user linked. The vault holds its refresh token at the upstream. */
export interface LinkedAccount {
  readonly accountId: string
  readonly connection: string
  /** The user's `sub` at the upstream. */
  readonly upstreamSubject: string
  readonly scopes: readonly string[]
  readonly refreshToken: string
}

/** Everything that changes in a mocked authorization server. */
export interface ServerState {
  users: Map<string, MockUser>
  signedIn: Session | undefined
  codes: Map<string, AuthorizationCode>
  refreshTokens: Map<string, RefreshToken>
  backchannelRequests: Map<string, BackchannelRequest>
  /** By device code. */
  devices: Map<string, DeviceRequest>
  /** By `request_uri`. */
  pushedRequests: Map<string, PushedRequest>
  opaqueTokens: Map<string, OpaqueToken>
  registeredClients: Map<string, RegisteredClient>
  /** By user. */
  linkedAccounts: Map<string, LinkedAccount[]>
  /** `jti` of client assertions, by client, with their end in epoch seconds. */
  assertions: Map<string, number>
  /** `jti` of DPoP proofs, by key, with their end in epoch seconds. */
  proofs: Map<string, number>
  /** Which chain an access token belongs to, by `jti`: a revoked chain's tokens are no subject tokens. */
  grantsByTokenId: Map<string, Grant>
  /** `jti` of redeemed ID-JAGs, by issuer. */
  readonly redeemed: Set<string>
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
