import type { Clock, Fetch } from '@behalf/core'
import type { JWK } from 'jose'
import { refuseUnknownKeys, TestingError } from '../testing-error.ts'

/** A client that the mocked authorization server knows. */
export interface MockClient {
  /** Id of the client. Unique at the server. */
  readonly clientId: string
  /** Allows `client_secret_basic` and `client_secret_post`. */
  readonly clientSecret?: string
  /** Allows `private_key_jwt`. With neither this nor a secret the client is public. */
  readonly publicKeys?: readonly JWK[]
  /** Compared as plain strings (RFC 9700 §2.1). */
  readonly redirectUris?: readonly string[]
  /** Grant types this client may use. @default all */
  readonly grantTypes?: readonly string[]
  /** Scopes it may ever get. @default all */
  readonly scopes?: readonly string[]
  /**
   * The API that this client is, by its resource identifier (Auth0: Custom API Client). Access tokens for
   * it may be exchanged by this client.
   * @default only tokens issued to this client may be
   */
  readonly api?: string
  /** Agent of this client: the party in `act` of tokens that it gets on behalf of a user. @default its `clientId` */
  readonly actor?: { readonly subject: string; readonly profile?: string }
  /** Whether refresh tokens rotate, with reuse detection. @default true */
  readonly rotatesRefreshTokens?: boolean
  /**
   * Auth0's Privileged Worker: may request any user's tokens from the vault, with a request that one of `publicKeys`
   * verifies.
   * @default false
   */
  readonly privilegedWorker?: boolean
  /** Address for notifications of CIBA ping mode. @default poll mode */
  readonly notificationEndpoint?: string
}

/** A made-up person. */
export interface MockUser {
  /** `sub` of the user's tokens. Unique at the server. */
  readonly subject: string
  /** Full name, in id_tokens with the scope `profile`. @default no `name` claim */
  readonly name?: string
  /**
   * Address, in id_tokens with the scope `email` and in ID-JAGs; by it a user of another issuer is found.
   * @default none
   */
  readonly email?: string
  /** Written to the claim that `rolesClaim` names. */
  readonly roles?: readonly string[]
  /** Scopes this user may have; granted are those asked for and listed here. @default all */
  readonly permissions?: readonly string[]
  /** Further claims of their id_tokens and access tokens. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Authentication context class of a normal login. @default 'urn:behalf:acr:password' */
  readonly acr?: string
}

/** An API that tokens can be issued for. */
export interface MockResource {
  /** An absolute URI without a fragment (RFC 8707 §2). */
  readonly identifier: string
  /** Scopes of the API. A request for another one is refused with `invalid_scope`. */
  readonly scopes: readonly string[]
  /** `type` values of `authorization_details` that the API understands. @default none */
  readonly authorizationDetailsTypes?: readonly string[]
  /** Lifetime of access tokens, in seconds. @default the server's */
  readonly accessTokenSeconds?: number
  /** Whether its access tokens are opaque: the API must introspect them (RFC 7662). @default false */
  readonly opaque?: boolean
}

/** An upstream that the server's token vault can get tokens from. */
export interface MockConnection {
  /** Name of the connection, as vault requests give it, such as `stocktrade`. */
  readonly name: string
  /** The upstream's own authorization server, made by `createMockAuthorizationServer` as well. It signs the tokens. */
  readonly server: VaultUpstream
  /** The vault's client at the upstream. */
  readonly clientId: string
  /** The upstream API. */
  readonly resource: string
}

/** Backchannel authentication of the mocked server. */
export interface MockCibaOptions {
  /** Seconds between polls, as in the acknowledgement. @default 5 */
  readonly interval?: number
  /** Lifetime of a request that names none, in seconds. @default 300 */
  readonly expiresIn?: number
  /** The longest `requested_expiry`, seconds. @default 259_200 */
  readonly maxExpiresIn?: number
  /** Error for an expired request; Auth0 uses `access_denied`. @default 'expired_token' */
  readonly expiryError?: 'expired_token' | 'access_denied'
  /** Refuse requests without `binding_message`, as Auth0 does. @default false */
  readonly bindingMessageRequired?: boolean
}

/** Options of {@link createMockAuthorizationServer}. */
export interface MockAuthorizationServerOptions {
  /** Issuer with or without a trailing slash, exactly as tokens and metadata write it. */
  readonly issuer: string
  /** The registered clients. Dynamic registration adds further ones. */
  readonly clients: readonly MockClient[]
  /** The people who can sign in and be asked. */
  readonly users: readonly MockUser[]
  /** The APIs that tokens can be issued for. @default [] */
  readonly resources?: readonly MockResource[]
  /** API of a token whose request names no `audience` or `resource`. @default the first resource */
  readonly defaultResource?: string
  /** Upstreams of the token vault. @default [] */
  readonly connections?: readonly MockConnection[]
  /** Signature algorithm of all tokens. @default 'RS256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Lifetime of access tokens and id_tokens, in seconds. @default 3600 */
  readonly accessTokenSeconds?: number
  /** Claim of id_tokens and access tokens that holds the roles of a user. @default 'roles' */
  readonly rolesClaim?: string
  /**
   * Claim of an access token that names the client: RFC 9068 has `client_id`, Auth0 `azp`, Okta `cid`.
   * @default 'client_id'
   */
  readonly clientIdClaim?: 'client_id' | 'azp' | 'cid' | 'appid'
  /** Maximum nesting of `act` before an exchange is refused. @default 5 */
  readonly maxActorDepth?: number
  /** Backchannel authentication. @default the defaults of its fields */
  readonly ciba?: MockCibaOptions
  /** Takes authorization requests only if they were pushed (RFC 9126 §5). @default false */
  readonly requiresPushedRequests?: boolean
  /** Issuers of authorization servers that this one asserts its users to, by ID-JAG. @default [] */
  readonly assertsTo?: readonly string[]
  /** Issuers whose ID-JAGs are redeemed here; a user is found by `email`. @default [] */
  readonly trustsAssertionsOf?: readonly string[]
  /** Sends notifications of ping mode. @default the global `fetch`, read at each call */
  readonly fetch?: Fetch
  /** Time of the server. @default the machine's clock, which fake timers replace */
  readonly clock?: Clock
}

/** Names of the options that each authorization server has. */
export const COMMON_OPTIONS = [
  'clients',
  'users',
  'resources',
  'defaultResource',
  'connections',
  'algorithm',
  'accessTokenSeconds',
  'rolesClaim',
  'maxActorDepth',
  'assertsTo',
  'trustsAssertionsOf',
] as const satisfies readonly (keyof MockAuthorizationServerOptions)[]

const KNOWN = {
  options: [...COMMON_OPTIONS, 'issuer', 'clientIdClaim', 'ciba', 'requiresPushedRequests', 'fetch', 'clock'],
  client: [
    'clientId',
    'clientSecret',
    'publicKeys',
    'redirectUris',
    'grantTypes',
    'scopes',
    'api',
    'actor',
    'rotatesRefreshTokens',
    'privilegedWorker',
    'notificationEndpoint',
  ],
  user: ['subject', 'name', 'email', 'roles', 'permissions', 'claims', 'acr'],
  resource: ['identifier', 'scopes', 'authorizationDetailsTypes', 'accessTokenSeconds', 'opaque'],
  connection: ['name', 'server', 'clientId', 'resource'],
  ciba: ['interval', 'expiresIn', 'maxExpiresIn', 'expiryError', 'bindingMessageRequired'],
} as const

/** Refuses options that nothing reads, and names that point nowhere. */
export function checkOptions(options: MockAuthorizationServerOptions): void {
  refuseUnknownKeys('createMockAuthorizationServer', options, KNOWN.options)
  for (const client of options.clients) refuseUnknownKeys(`client ${client.clientId}`, client, KNOWN.client)
  for (const user of options.users) refuseUnknownKeys(`user ${user.subject}`, user, KNOWN.user)
  for (const resource of options.resources ?? []) {
    refuseUnknownKeys(`resource ${resource.identifier}`, resource, KNOWN.resource)
  }
  for (const connection of options.connections ?? []) {
    refuseUnknownKeys(`connection ${connection.name}`, connection, KNOWN.connection)
  }
  refuseUnknownKeys('ciba', options.ciba ?? {}, KNOWN.ciba)
  const identifiers = (options.resources ?? []).map((resource) => resource.identifier)
  if (options.defaultResource !== undefined && !identifiers.includes(options.defaultResource)) {
    throw new TestingError(`defaultResource: ${options.defaultResource} is not in resources`)
  }
  if (!URL.canParse(options.issuer) || new URL(options.issuer).search !== '' || options.issuer.includes('#')) {
    throw new TestingError('issuer: give an https URL without query and fragment (RFC 8414 §2)')
  }
}

/** An access token and its fields in the token response. */
export interface VaultToken {
  /** The access token of the upstream. */
  readonly access_token: string
  /** `DPoP` if the token is bound to a key, else `Bearer`. */
  readonly token_type: 'Bearer' | 'DPoP'
  /** Lifetime of the token, in seconds. */
  readonly expires_in: number
  /** Granted scopes, separated by spaces. */
  readonly scope: string
}

/** Functions of a mocked authorization server for the token vault of another one, in place of its token endpoint. */
export interface VaultUpstream {
  /** The upstream's issuer, exactly as its tokens write it. */
  readonly issuer: string
  /** A login of a user at the upstream: a refresh token for the vault's client. */
  linkForVault(
    clientId: string,
    subject: string,
    resource: string,
    scopes?: readonly string[],
  ): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }>
  /** Returns a fresh access token, or `undefined` if the refresh token is no longer valid. */
  refreshForVault(clientId: string, refreshToken: string): Promise<VaultToken | undefined>
}
