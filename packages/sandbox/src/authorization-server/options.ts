import type { MockAuthorizationServerOptions, VaultUpstream as MockedUpstream } from '@behalf/testing'
import { COMMON_OPTIONS } from '@behalf/testing/authorization-server'

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
export interface VaultUpstream extends Pick<MockedUpstream, 'issuer' | 'linkForVault'> {
  /** Address where the vault refreshes its tokens. */
  readonly tokenEndpoint: string
}

/** Options of {@link startAuthorizationServer}. People, clients and APIs are described as for the mocked server. */
export interface AuthorizationServerOptions
  extends Pick<MockAuthorizationServerOptions, Exclude<(typeof COMMON_OPTIONS)[number], 'connections' | 'algorithm'>> {
  /** Upstreams of the token vault. @default [] */
  readonly connections?: readonly SandboxConnection[]
  /** Signature algorithm of all tokens. @default 'ES256' */
  readonly algorithm?: 'RS256' | 'ES256'
  /** Time after its use for which a rotating refresh token may be used again, in seconds. @default 0 */
  readonly refreshGraceSeconds?: number
  /** Seconds between polls of CIBA and the device flow. @default 5 */
  readonly interval?: number
  /** Lifetime of a backchannel request that names none, in seconds. @default 300 */
  readonly requestSeconds?: number
}

export const OPTION_KEYS = [
  ...COMMON_OPTIONS,
  'refreshGraceSeconds',
  'interval',
  'requestSeconds',
] as const satisfies readonly (keyof AuthorizationServerOptions)[]
