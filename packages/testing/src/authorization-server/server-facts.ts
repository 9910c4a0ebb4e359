import type { Clock, Fetch } from '@behalf/core'
import type { MockAuthorizationServerOptions, MockClient, MockConnection, MockResource, MockUser } from './options.ts'
import type { SharedState } from './state.ts'
import type { AccessTokenRequest, IssuedAccessToken } from './tokens/access-token.ts'
import type { SigningKey } from './tokens/signing-key.ts'

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

/** Paths of the endpoints, by their names in logs and faults. */
export const PATHS = {
  authorize: '/authorize',
  'bc-authorize': '/bc-authorize',
  'device-authorization': '/oauth/device/code',
  introspect: '/oauth/introspect',
  jwks: '/.well-known/jwks.json',
  par: '/oauth/par',
  register: '/oauth/register',
  revoke: '/oauth/revoke',
  token: '/oauth/token',
} as const

/** Further paths: the page where a person enters the code of a device, UserInfo, and the logout. */
export const FURTHER_PATHS = { device: '/activate', userinfo: '/userinfo', logout: '/logout' } as const

type Defaulted = 'accessTokenSeconds' | 'maxActorDepth' | 'assertsTo' | 'trustsAssertionsOf'

/** Facts of a server that its options give. */
export interface ServerFacts extends Required<Pick<MockAuthorizationServerOptions, Defaulted>> {
  /** The clients of the options, by id. */
  readonly clients: ReadonlyMap<string, MockClient>
  /** The APIs, by identifier. */
  readonly resources: ReadonlyMap<string, MockResource>
  /** API of a token whose request names no target. */
  readonly defaultResource: string | undefined
}

/** Reads the options, with their defaults. */
export function factsOf(
  options: Pick<MockAuthorizationServerOptions, Defaulted | 'clients' | 'resources' | 'defaultResource'>,
): ServerFacts {
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

/** Parts of an authorization server that grants and controls of every kind of server need. */
export interface SharedServer extends ServerFacts {
  /** Issuer, exactly as tokens write it. */
  readonly issuer: string
  /** Upstreams of the token vault, by name. */
  readonly connections: ReadonlyMap<string, MockConnection>
  /** The key that signs the tokens. */
  readonly key: Promise<SigningKey>
  /** Time of the server. */
  readonly clock: Clock
  /** Sends the requests for the keys of other issuers. */
  readonly fetch: Fetch
  /** Claim of an access token that names its client. */
  readonly clientIdClaim: string
  /** Writes the roles of a user into claims. */
  readonly writeRoles: (user: MockUser) => Readonly<Record<string, unknown>>
  /** State that changes. A reset replaces it. */
  readonly state: SharedState
  /** Whether the chain of an access token is revoked. @param tokenId - Its `jti`. */
  readonly isRevoked: (tokenId: string) => boolean
  /** The user of a valid refresh token of this client. */
  readonly refreshTokenUser: (token: string, clientId: string) => Promise<string | undefined>
}

/** A server at whose token endpoint a request is handled. */
export interface GrantServer extends SharedServer {
  /** Issues an access token, with its fields in the token response. */
  readonly issueAccessToken: (request: AccessTokenRequest) => Promise<IssuedAccessToken>
}

/** The key that the sender of a request proved to hold. */
export interface DpopProof {
  /** RFC 7638 thumbprint. */
  readonly thumbprint: string
}

/** A request at the token endpoint, its client and its proof verified. */
export interface GrantRequest {
  /** The client, as the options have it; one that registered itself has its id alone. */
  readonly client: MockClient
  /** The form of the request, as sent. */
  readonly parameters: URLSearchParams
  /** The key that the client proved to hold. Absent without a DPoP proof. */
  readonly proof?: DpopProof | undefined
}

/** Accepts an id once. */
export function redeemOnce({ state }: SharedServer, id: string, refusal: () => Error): void {
  if (state.redeemed.has(id)) throw refusal()
  state.redeemed.add(id)
}
