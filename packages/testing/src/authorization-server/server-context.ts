import type { Clock, Fetch } from '@behalf/core'
import { Refusal } from '../http/refusal.ts'
import type {
  MockAuthorizationServerOptions,
  MockCibaOptions,
  MockClient,
  MockConnection,
  MockResource,
} from './options.ts'
import { generateSigningKey, type SigningKey } from './signing-key.ts'
import { initialState, type ServerState } from './state.ts'

/** Scopes that OpenID Connect defines; they belong to no API. */
export const OPENID_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

/** Parts that all endpoints of one mocked server share. */
export interface ServerContext {
  readonly issuer: string
  readonly endpoints: Endpoints
  /** Those of the options. */
  readonly clients: ReadonlyMap<string, MockClient>
  readonly resources: ReadonlyMap<string, MockResource>
  readonly defaultResource: string | undefined
  readonly connections: ReadonlyMap<string, MockConnection>
  readonly key: Promise<SigningKey>
  readonly clock: Clock
  readonly accessTokenSeconds: number
  readonly rolesClaim: string
  readonly clientIdClaim: string
  readonly maxActorDepth: number
  readonly ciba: Required<MockCibaOptions>
  readonly requiresPushedRequests: boolean
  readonly assertsTo: readonly string[]
  readonly trustsAssertionsOf: readonly string[]
  readonly fetch: Fetch
  /** Secret of the nonces: the server recognizes its own by it. */
  readonly nonceSecret: Uint8Array<ArrayBuffer>
  state: ServerState
}

/** Absolute URLs. */
export interface Endpoints {
  readonly authorize: string
  readonly token: string
  readonly jwks: string
  readonly backchannelAuthentication: string
  readonly deviceAuthorization: string
  readonly device: string
  readonly introspection: string
  readonly pushedAuthorizationRequest: string
  readonly registration: string
  readonly revocation: string
  readonly userInfo: string
  readonly endSession: string
}

export function createContext(options: MockAuthorizationServerOptions, clock: Clock): ServerContext {
  const base = options.issuer.replace(/\/$/, '')
  const resources = options.resources ?? []
  return {
    issuer: options.issuer,
    endpoints: {
      authorize: `${base}/authorize`,
      token: `${base}/oauth/token`,
      jwks: `${base}/.well-known/jwks.json`,
      backchannelAuthentication: `${base}/bc-authorize`,
      deviceAuthorization: `${base}/oauth/device/code`,
      device: `${base}/activate`,
      introspection: `${base}/oauth/introspect`,
      pushedAuthorizationRequest: `${base}/oauth/par`,
      registration: `${base}/oauth/register`,
      revocation: `${base}/oauth/revoke`,
      userInfo: `${base}/userinfo`,
      endSession: `${base}/logout`,
    },
    clients: new Map(options.clients.map((client) => [client.clientId, client])),
    resources: new Map(resources.map((resource) => [resource.identifier, resource])),
    defaultResource: options.defaultResource ?? resources[0]?.identifier,
    connections: new Map((options.connections ?? []).map((connection) => [connection.name, connection])),
    key: generateSigningKey(options.algorithm ?? 'RS256'),
    clock,
    accessTokenSeconds: options.accessTokenSeconds ?? 3600,
    rolesClaim: options.rolesClaim ?? 'roles',
    clientIdClaim: options.clientIdClaim ?? 'client_id',
    maxActorDepth: options.maxActorDepth ?? 5,
    ciba: {
      interval: 5,
      expiresIn: 300,
      maxExpiresIn: 259_200,
      expiryError: 'expired_token',
      bindingMessageRequired: false,
      ...options.ciba,
    },
    requiresPushedRequests: options.requiresPushedRequests === true,
    assertsTo: options.assertsTo ?? [],
    trustsAssertionsOf: options.trustsAssertionsOf ?? [],
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    nonceSecret: crypto.getRandomValues(new Uint8Array(32)),
    state: initialState(options.users),
  }
}

/** The grant types that this server takes. */
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

/** Returns a client of the options, or one that registered itself. */
export function findClient(context: ServerContext, clientId: string | undefined): MockClient | undefined {
  if (clientId === undefined) return undefined
  return context.clients.get(clientId) ?? context.state.registeredClients.get(clientId)?.client
}

/** @throws Refusal `unauthorized_client` where the client may not use this grant. */
export function requireGrantType(client: MockClient, grantType: string): void {
  if (client.grantTypes !== undefined && !client.grantTypes.includes(grantType)) {
    throw new Refusal('unauthorized_client', `client ${client.clientId} may not use ${grantType}`)
  }
}

/** Grants that prove nothing without a client's own credentials. */
export function requireConfidential(client: MockClient): void {
  if (client.clientSecret === undefined && client.publicKeys === undefined) {
    throw new Refusal('unauthorized_client', `client ${client.clientId} is public`)
  }
}
