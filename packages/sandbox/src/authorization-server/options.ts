import type { MockClient, MockResource, MockUser } from '@behalf/testing'

/** An upstream that the server's token vault gets tokens from, by refreshing at its token endpoint. */
export interface SandboxConnection {
  /** Name of the connection, as vault requests give it, such as `stocktrade`. */
  readonly name: string
  /** The upstream's authorization server, started with {@link startAuthorizationServer} as well. */
  readonly server: VaultUpstream
  /** The vault's client at the upstream. */
  readonly clientId: string
  /** Secret of `clientId` at the upstream's token endpoint. */
  readonly clientSecret: string
  /** The upstream API. */
  readonly resource: string
}

/** Functions of an upstream that a vault needs. */
export interface VaultUpstream {
  /** The upstream's issuer, exactly as its tokens write it. */
  readonly issuer: string
  /** Address where the vault refreshes its tokens. */
  readonly tokenEndpoint: string
  /** A login of a user at the upstream: a refresh token for the vault's client. */
  linkForVault(
    clientId: string,
    subject: string,
    resource: string,
    scopes?: readonly string[],
  ): Promise<{ readonly refreshToken: string; readonly scopes: readonly string[] }>
}

/** Options of {@link startAuthorizationServer}. People, clients and APIs are described as for the mocked server. */
export interface AuthorizationServerOptions {
  /** The registered clients. Dynamic registration adds further ones. */
  readonly clients: readonly MockClient[]
  /** The people who can sign in and be asked. */
  readonly users: readonly MockUser[]
  /** The APIs that tokens can be issued for. @default [] */
  readonly resources?: readonly MockResource[]
  /** API of a token whose request names no target. @default the first resource */
  readonly defaultResource?: string
  /** Upstreams of the token vault. @default [] */
  readonly connections?: readonly SandboxConnection[]
  /** Signature algorithm of all tokens. @default 'ES256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Life of access tokens and id_tokens, seconds. @default 3600 */
  readonly accessTokenSeconds?: number
  /** Time after its use for which a rotating refresh token may be used again, in seconds. @default 0 */
  readonly refreshGraceSeconds?: number
  /** Claim of id_tokens and access tokens that holds the roles of a user. @default 'roles' */
  readonly rolesClaim?: string
  /** Maximum nesting of `act` before an exchange is refused. @default 5 */
  readonly maxActorDepth?: number
  /** Seconds between polls of CIBA and the device flow. @default 5 */
  readonly interval?: number
  /** Life of a backchannel request that asks for none, seconds. @default 300 */
  readonly requestSeconds?: number
  /** Issuers of authorization servers that this one asserts its users to, by ID-JAG. @default [] */
  readonly assertsTo?: readonly string[]
  /** Issuers whose ID-JAGs are redeemed here; a user is found by `email`. @default [] */
  readonly trustsAssertionsOf?: readonly string[]
}

export const OPTION_KEYS = [
  'clients',
  'users',
  'resources',
  'defaultResource',
  'connections',
  'algorithm',
  'accessTokenSeconds',
  'refreshGraceSeconds',
  'rolesClaim',
  'maxActorDepth',
  'interval',
  'requestSeconds',
  'assertsTo',
  'trustsAssertionsOf',
] as const satisfies readonly (keyof AuthorizationServerOptions)[]
