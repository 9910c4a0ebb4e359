import type { Clock, Fetch } from '@behalf/core'
import type { DpopProof } from './dpop.ts'
import type { AccessTokenRequest, IssuedAccessToken } from './issue-tokens.ts'
import type { MockAuthorizationServerOptions, MockClient, MockConnection, MockResource, MockUser } from './options.ts'
import type { SigningKey } from './signing-key.ts'
import type { LinkedAccount } from './state.ts'

/** Scopes that OpenID Connect defines; they belong to no API. */
export const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

/** The grant types that an authorization server takes. */
export const GRANT = {
  authorizationCode: 'authorization_code',
  refreshToken: 'refresh_token',
  clientCredentials: 'client_credentials',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  federatedConnection: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
  ciba: 'urn:openid:params:grant-type:ciba',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
} as const

/** Grants that a public client may not use: they prove nothing without a client's own credentials. */
export const CONFIDENTIAL_GRANTS: readonly string[] = [
  GRANT.clientCredentials,
  GRANT.ciba,
  GRANT.tokenExchange,
  GRANT.jwtBearer,
  GRANT.federatedConnection,
]

/** Facts of a server that its options give. */
export interface ServerFacts {
  /** Those of the options. */
  readonly clients: ReadonlyMap<string, MockClient>
  readonly resources: ReadonlyMap<string, MockResource>
  readonly defaultResource: string | undefined
  readonly accessTokenSeconds: number
  readonly maxActorDepth: number
  readonly assertsTo: readonly string[]
  readonly trustsAssertionsOf: readonly string[]
}

type SharedOptions = Pick<
  MockAuthorizationServerOptions,
  | 'clients'
  | 'resources'
  | 'defaultResource'
  | 'accessTokenSeconds'
  | 'maxActorDepth'
  | 'assertsTo'
  | 'trustsAssertionsOf'
>

/** Reads the options, with their defaults. */
export function factsOf(options: SharedOptions): ServerFacts {
  const { resources = [] } = options
  return {
    clients: new Map(options.clients.map((client) => [client.clientId, client])),
    resources: new Map(resources.map((resource) => [resource.identifier, resource])),
    defaultResource: options.defaultResource ?? resources[0]?.identifier,
    accessTokenSeconds: options.accessTokenSeconds ?? 3600,
    maxActorDepth: options.maxActorDepth ?? 5,
    assertsTo: options.assertsTo ?? [],
    trustsAssertionsOf: options.trustsAssertionsOf ?? [],
  }
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

/** Parts of an authorization server that grants and controls of every kind of server need. */
export interface SharedServer extends ServerFacts {
  readonly issuer: string
  readonly connections: ReadonlyMap<string, MockConnection>
  readonly key: Promise<SigningKey>
  readonly clock: Clock
  readonly fetch: Fetch
  /** Claim of an access token that names its client. */
  readonly clientIdClaim: string
  /** Writes the roles of a user into claims. */
  readonly writeRoles: (user: MockUser) => Readonly<Record<string, unknown>>
  readonly state: SharedState
  /** Whether the chain of an access token is revoked. @param tokenId - Its `jti`. */
  readonly isRevoked: (tokenId: string) => boolean
  /** The user of a valid refresh token of this client. */
  readonly refreshTokenUser: (token: string, clientId: string) => Promise<string | undefined>
}

/** A server at whose token endpoint a request is handled. */
export interface GrantServer extends SharedServer {
  readonly issueAccessToken: (request: AccessTokenRequest) => Promise<IssuedAccessToken>
}

/** A request at the token endpoint, its client and its proof verified. */
export interface GrantRequest {
  readonly client: MockClient
  readonly parameters: URLSearchParams
  readonly proof?: DpopProof | undefined
}

/** Accepts an id once. */
export function redeemOnce({ state }: SharedServer, id: string, refusal: () => Error): void {
  if (state.redeemed.has(id)) throw refusal()
  state.redeemed.add(id)
}
