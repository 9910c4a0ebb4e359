import { ConfigurationError, type Fetch } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import {
  ClientCredentialsProvider,
  CrossAppAccessProvider,
  discoverAndRequestJwtAuthGrant,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  PrivateKeyJwtProvider,
  requestJwtAuthorizationGrant,
} from '@modelcontextprotocol/client'
import { isLoopback } from '../base/is-loopback.ts'
import { refuseUnknownKeys } from '../base/refuse-unknown-keys.ts'
import { checkRequestRules, webAddress } from './check-options.ts'
import { boundedFetch, boundedRefusal } from './discovery/bounded-fetch.ts'
import { Discoveries, isSameIssuer } from './discovery/discoveries.ts'
import { authenticateClient } from './registration/authenticate-client.ts'
import { RenewalLimit } from './session/renewal-limit.ts'

const DEFAULT_TIMEOUT_MS = 10_000
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Options that a transport of the SDK accepts: `new StreamableHTTPClientTransport(url, access)`. */
export interface McpAccess {
  /** Gets and keeps the access tokens that a transport adds to its requests. */
  readonly authProvider: OAuthClientProvider
  /**
   * Sends all requests. Follows no redirect of the MCP server. Limits time and size of requests to authorization
   * servers.
   */
  readonly fetch: Fetch
}

/** Options of each access without a browser. */
export interface AccessOptions {
  /** Address of the MCP endpoint: `https:`, or `http:` on loopback. */
  readonly serverUrl: string
  /** The only authorization server that may receive these credentials, in its own spelling. */
  readonly issuer: string
  /** Id of the client at `issuer`. */
  readonly clientId: string
  /**
   * Scopes to ask for. `employeeAccess` asks for these instead of those that the MCP server names. `machineAccess` asks
   * for these only if the server names none.
   * @default those that the MCP server names
   */
  readonly scopes?: readonly string[]
  /** Hosts of a private network to which discovery may lead. @default none */
  readonly trustedHosts?: readonly string[]
  /** Total time of one request to an authorization server, milliseconds. @default 10_000 */
  readonly timeoutMs?: number
  /**
   * The app's own fetch, such as for a proxy.
   * @default Node's sockets for discovery, the global fetch for the MCP server
   */
  readonly fetch?: Fetch
}

const accessKeys = ['serverUrl', 'issuer', 'clientId', 'scopes', 'trustedHosts', 'timeoutMs', 'fetch'] as const

/**
 * Credentials of a machine: a secret, the private key with which its client is registered, or the token that its
 * platform gives it.
 */
export type MachineAccessOptions = AccessOptions &
  (
    | { readonly clientSecret: string }
    | {
        /** PKCS#8 PEM or a private JWK. */
        readonly privateKey: string | Readonly<Record<string, unknown>>
        readonly algorithm: string
      }
    | {
        /**
         * Returns the JWT of the machine's platform, such as a Kubernetes service account token, with `issuer` as its
         * audience. Called for each request of tokens.
         */
        readonly workloadToken: () => string | Promise<string>
      }
  )

/**
 * Gets access for a machine without a user. Uses client credentials with a secret (`client_secret_basic`) or a signed
 * assertion (`private_key_jwt`), or sends the token of the machine's platform as a grant, without another secret. It is
 * a thin layer over the SDK's own providers. Tokens stay in this process.
 *
 * @throws ConfigurationError An option is unknown or missing.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 §4.4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.1 | RFC 7523 §2.1}
 */
export function machineAccess(options: MachineAccessOptions): McpAccess {
  refuseUnknownKeys('machineAccess', options, [
    ...accessKeys,
    'clientSecret',
    'privateKey',
    'algorithm',
    'workloadToken',
  ])
  const { clientId, issuer } = required('machineAccess', options)
  const scope = options.scopes?.join(' ')
  const shared = { clientId, expectedIssuer: issuer, ...(scope && { scope }) }
  if ('clientSecret' in options && typeof options.clientSecret === 'string') {
    const { clientSecret } = options
    const provider = new ClientCredentialsProvider({ ...shared, clientSecret })
    return { authProvider: heldTo(options, withSecret(provider, clientId, clientSecret)), fetch: fetchOf(options) }
  }
  if ('workloadToken' in options && typeof options.workloadToken === 'function') {
    const { workloadToken } = options
    const prepareTokenRequest = async (named = scope) => {
      const grant = {
        grant_type: JWT_BEARER,
        assertion: tokenOf('machineAccess.workloadToken', await workloadToken()),
        ...(named && { scope: named }),
      }
      return new URLSearchParams(grant)
    }
    const provider = Object.assign(new ClientCredentialsProvider({ ...shared, clientSecret: '' }), {
      prepareTokenRequest,
    })
    return { authProvider: heldTo(options, withSecret(provider, clientId, undefined)), fetch: fetchOf(options) }
  }
  const { privateKey, algorithm } = options as Partial<Extract<MachineAccessOptions, { readonly algorithm: string }>>
  if (privateKey === undefined || typeof algorithm !== 'string') {
    throw new ConfigurationError('machineAccess', 'give clientSecret, privateKey and its algorithm, or workloadToken')
  }
  // Copied: the key is read again for each assertion.
  const key = typeof privateKey === 'string' ? privateKey : { ...privateKey }
  return {
    authProvider: heldTo(options, new PrivateKeyJwtProvider({ ...shared, privateKey: key, algorithm })),
    fetch: fetchOf(options),
  }
}

/** Options of access by an employee's identity provider. */
export interface EmployeeAccessOptions extends AccessOptions {
  /** Secret of `clientId` at `issuer`, sent by `client_secret_basic`. */
  readonly clientSecret: string
  /**
   * The employee's identity provider, and the client that is registered there. Without its `clientSecret`, that client
   * is public.
   */
  readonly identityProvider: {
    readonly issuer: string
    /** Token endpoint of the identity provider. @default the one in its metadata */
    readonly tokenEndpoint?: string
    readonly clientId: string
    readonly clientSecret?: string
    /** Returns the employee's id_token from their login at the identity provider. Called for each request of tokens. */
    readonly idToken: () => string | Promise<string>
  }
}

/**
 * Gets access for an employee by Cross App Access, without a consent page: their identity provider sends an assertion
 * (ID-JAG) to the MCP server's authorization server. It is a thin layer over the SDK's own provider. Tokens stay in
 * this process.
 *
 * @throws ConfigurationError An option is unknown or missing.
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/ | ID-JAG}
 */
export function employeeAccess(options: EmployeeAccessOptions): McpAccess {
  refuseUnknownKeys('employeeAccess', options, [...accessKeys, 'clientSecret', 'identityProvider'])
  const { clientId, issuer } = required('employeeAccess', options)
  const { clientSecret } = options
  const scopes = options.scopes?.join(' ')
  // Copied: an app may reuse the same object for the next employee.
  const idp = { ...options.identityProvider }
  refuseUnknownKeys('employeeAccess.identityProvider', idp, [
    'issuer',
    'tokenEndpoint',
    'clientId',
    'clientSecret',
    'idToken',
  ])
  if (typeof idp.idToken !== 'function') {
    throw new ConfigurationError('employeeAccess.identityProvider.idToken', 'give a function that answers with it')
  }
  const send = fetchOf(options)
  const provider = new CrossAppAccessProvider({
    clientId,
    clientSecret,
    expectedIssuer: issuer,
    fetchFn: send,
    assertion: async ({ authorizationServerUrl, resourceUrl, scope }) => {
      // The assertion names the one authorization server that may redeem it.
      if (authorizationServerUrl !== issuer) {
        throw new ConfigurationError(
          'employeeAccess.issuer',
          `the server uses ${JSON.stringify(authorizationServerUrl)}: give that issuer if you trust it`,
        )
      }
      const request = {
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken: tokenOf('employeeAccess.identityProvider.idToken', await idp.idToken()),
        clientId: idp.clientId,
        ...(idp.clientSecret !== undefined && { clientSecret: idp.clientSecret }),
        ...(scope && { scope }),
        fetchFn: send,
      }
      const granted = await (idp.tokenEndpoint === undefined
        ? discoverAndRequestJwtAuthGrant({ ...request, idpUrl: idp.issuer })
        : requestJwtAuthorizationGrant({ ...request, tokenEndpoint: idp.tokenEndpoint }))
      return granted.jwtAuthGrant
    },
  })
  // Both servers are asked for the same scopes: the app's, or without them those that the MCP server names.
  const prepareTokenRequest = (named?: string) =>
    CrossAppAccessProvider.prototype.prepareTokenRequest.call(provider, scopes ?? named)
  const authProvider = Object.assign(provider, { prepareTokenRequest })
  return { authProvider: heldTo(options, withSecret(authProvider, clientId, clientSecret)), fetch: send }
}

/** Returns the token that the app's function gave. Of another value, the text would be sent, such as "undefined". */
function tokenOf(option: string, token: unknown): string {
  if (typeof token === 'string' && token.trim() !== '') return token
  throw new ConfigurationError(option, 'must return a token as text that is not empty')
}

/** Makes the SDK's provider encode the credentials as Basic requires, or send the id alone. */
function withSecret(provider: OAuthClientProvider, id: string, secret: string | undefined): OAuthClientProvider {
  const basic = { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }
  const client = { client_id: id, ...(secret !== undefined && basic) }
  const addClientAuthentication: OAuthClientProvider['addClientAuthentication'] = (headers, parameters) =>
    authenticateClient(client, headers, parameters, undefined)
  return Object.assign(provider, { addClientAuthentication })
}

/**
 * Adds credentials only to requests to the token endpoint of this issuer. Some SDKs accept metadata that another server
 * wrote in the issuer's name. Limits how often new tokens are fetched.
 */
function heldTo({ issuer, serverUrl }: AccessOptions, provider: OAuthClientProvider): OAuthClientProvider {
  const discoveries = new Discoveries(new URL(serverUrl))
  const { addClientAuthentication: authenticate, saveTokens: save } = provider
  const limit = new RenewalLimit()
  const saveTokens: OAuthClientProvider['saveTokens'] = (tokens, context) => {
    limit.count()
    return save.call(provider, tokens, context)
  }
  const saveDiscoveryState = (state: OAuthDiscoveryState) => {
    limit.begin()
    const found = discoveries.save(state)
    if (isSameIssuer(found, issuer)) {
      // The v1 SDK says it nowhere else.
      provider.saveAuthorizationServerUrl?.(String(state.authorizationServerUrl))
      const { resource } = state.resourceMetadata ?? {}
      if (resource !== undefined) provider.saveResourceUrl?.(resource)
      return
    }
    throw new InvalidResponseError(`the server's issuer is ${JSON.stringify(found)}, not ${JSON.stringify(issuer)}`)
  }
  const addClientAuthentication: OAuthClientProvider['addClientAuthentication'] = (
    headers,
    parameters,
    url,
    metadata,
  ) => {
    discoveries.issuerOfRequest(url, metadata)
    return authenticate?.call(provider, headers, parameters, url, metadata)
  }
  return Object.assign(provider, { saveDiscoveryState, saveTokens, addClientAuthentication })
}

function required(where: string, { serverUrl, issuer, clientId, ...rules }: AccessOptions) {
  for (const [name, value] of Object.entries({ serverUrl, issuer, clientId })) {
    if (typeof value !== 'string' || value === '') throw new ConfigurationError(`${where}.${name}`, 'is missing')
  }
  webAddress(`${where}.serverUrl`, serverUrl)
  webAddress(`${where}.issuer`, issuer)
  checkRequestRules(where, rules)
  return { issuer, clientId }
}

function fetchOf({ serverUrl, fetch: own, timeoutMs = DEFAULT_TIMEOUT_MS, trustedHosts = [] }: AccessOptions): Fetch {
  return accessFetch(new URL(serverUrl), { fetch: own, timeoutMs, trustedHosts: [...trustedHosts] })
}

/**
 * Sends requests to the MCP server unchanged, and does not follow its redirects: the target would see the call, and
 * could be an internal host. Limits all other requests, whose addresses come from metadata.
 */
export function accessFetch(
  server: URL,
  {
    fetch: own,
    timeoutMs,
    trustedHosts,
    around = (send) => send,
  }: {
    readonly fetch: Fetch | undefined
    readonly timeoutMs: number
    readonly trustedHosts: readonly string[]
    readonly around?: (bounded: Fetch) => Fetch
  },
): Fetch {
  const direct: Fetch = own ?? ((input, init) => globalThis.fetch(input, init))
  const bounded = around(boundedFetch({ fetch: own, timeoutMs, allowLoopback: isLoopback(server), trustedHosts }))
  return async (input, init) => {
    const { origin, pathname } = new URL(input instanceof Request ? input.url : input)
    const isOwn = origin === server.origin && pathname === server.pathname && isMcp(input, init)
    if (!isOwn) return bounded(input, init)
    return boundedRefusal(await direct(input, { ...init, redirect: 'manual' }), server, timeoutMs)
  }
}

/**
 * Returns whether a request is an MCP message. Metadata and tokens may have the same address, since the server chooses
 * it.
 * @see
 *   {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http | MCP, Transports}
 */
function isMcp(input: string | URL | Request, init: RequestInit | undefined): boolean {
  const { method, headers } = input instanceof Request ? input : { method: 'GET', headers: {} }
  const accept = new Headers(init?.headers ?? headers).get('accept') ?? ''
  return (init?.method ?? method).toUpperCase() === 'DELETE' || accept.includes('text/event-stream')
}
