import { ConfigurationError, type Fetch, type Identity, type Store } from '@behalf/core'
import type { SealedStoreOptions } from '@behalf/core/sealed-store'
import { identityFault, principalKey } from '@behalf/core/spi'
import type { OAuthClientInformationMixed } from '@modelcontextprotocol/client'
import { isLoopback } from '../base/is-loopback.ts'
import { refuseUnknownKeys } from '../base/refuse-unknown-keys.ts'
import { checkRequestRules, checkSwitch, checkWhole, webAddress } from './check-options.ts'
import { ISSUER_PARAMETER } from './registration/redirect-uri.ts'

/** The OAuth client of the agent, as authorization servers know it. */
export interface ClientRegistration {
  /**
   * The agent's name, which people read on the consent page. Sessions under another name have other tokens and
   * registrations, so a user of a renamed agent signs in again.
   */
  readonly name: string
  /**
   * Address to which browsers come back. If a server sends no `iss`, a client that is not registered there by hand adds
   * the query parameter `issuer` to it: one redirect URI for each issuer. Pass the whole address to `finishSignIn`.
   */
  readonly redirectUri: string
  /**
   * All scopes that this client may ever ask for. It is registered with all of them, so that step-up works, and asks
   * for no others, whatever the server wants. Adds `openid` and `offline_access` if the authorization server lists
   * them.
   * @default the scopes that the server names
   */
  readonly scopes?: readonly string[]
  /**
   * Ask for all of `scopes` at each sign-in in a browser, so that a user sees one page instead of one for each step-up.
   * A user who is not granted all of them signs in with fewer.
   * @default false: only the scopes that the server requires for the call
   */
  readonly scopesUpFront?: boolean
  /**
   * Address of our metadata document (see `clientMetadataHandler`). Servers that read it need no registration. Used at
   * issuers that send `iss`, and at those of `authorizationOrigins`, for which it lists a redirect URI with `issuer`. At
   * other issuers, the client registers itself.
   */
  readonly metadataUrl?: string
  /**
   * Clients that were registered by hand, by their issuer. `redirect_uris` of such a client replaces `redirectUri`. A
   * redirect URI with `?issuer=…` belongs to that issuer alone.
   */
  readonly registered?: Readonly<Record<string, OAuthClientInformationMixed>>
  /**
   * Issuers that the app trusts, each with the origins of its endpoints if these differ from the issuer's own origin
   * (else `[]`). Needed if a server sends no `iss` and shares its redirect URI with other servers.
   * @default none
   */
  readonly authorizationOrigins?: Readonly<Record<string, readonly string[]>>
  /** Also allow sign-ins by a code on another device (RFC 8628). @default false */
  readonly deviceLogin?: boolean
  /** Address of a page about the client, for consent pages: `client_uri` of RFC 7591 §2. @default not sent */
  readonly uri?: string
  /** Address of the client's logo, for consent pages: `logo_uri` of RFC 7591 §2. @default not sent */
  readonly logoUri?: string
}

/** Options of `createMcpSession`. */
export interface McpSessionOptions {
  /** Address of the MCP endpoint, as the app or its user chose it. */
  readonly serverUrl: string
  /**
   * Owner of the session: a verified identity, or a name that the app made from its own session. Never a value that a
   * model or a request's body contains.
   */
  readonly owner: Identity | string
  /** The agent's OAuth client. */
  readonly client: ClientRegistration
  /**
   * Shows the user where to sign in, by a redirect or by opening a browser. Receives only addresses that are `https:`,
   * or on loopback if the MCP server is on loopback.
   */
  readonly showSignIn: (url: URL) => void | Promise<void>
  /** Stores tokens, registrations and unfinished sign-ins, sealed. */
  readonly store: Store
  /**
   * Keys that seal the values in `store`, 32 random bytes each. A durable store requires them.
   * @default random keys of this process, for a memory store
   */
  readonly keys?: SealedStoreOptions['keys']
  /**
   * Bind tokens to a key of their own, which is stored beside them (RFC 9449). Bearer tokens are then refused.
   * @default false
   */
  readonly dpop?: boolean
  /** Hosts of a private network to which discovery may lead. @default none */
  readonly trustedHosts?: readonly string[]
  /** Total time of one request to an authorization server, milliseconds. @default 10_000 */
  readonly timeoutMs?: number
  /** Maximum time of a sign-in, in seconds. @default 600 */
  readonly signInSeconds?: number
  /**
   * The app's own fetch, such as for a proxy. Addresses are then not checked at connect.
   * @default Node's sockets for discovery, the global fetch for the MCP server
   */
  readonly fetch?: Fetch
}

/** Maximum lifetime of a sign-in: one day. A user who comes back later starts the sign-in again. */
const MAX_SIGN_IN_SECONDS = 86_400

const optionKeys = [
  'serverUrl',
  'owner',
  'client',
  'showSignIn',
  'store',
  'keys',
  'dpop',
  'trustedHosts',
  'timeoutMs',
  'signInSeconds',
  'fetch',
] as const satisfies readonly (keyof McpSessionOptions)[]

const clientKeys = [
  'name',
  'redirectUri',
  'scopes',
  'scopesUpFront',
  'metadataUrl',
  'registered',
  'authorizationOrigins',
  'deviceLogin',
  'uri',
  'logoUri',
] as const satisfies readonly (keyof ClientRegistration)[]

/** The checked options. */
export interface SessionSettings {
  readonly server: URL
  readonly owner: string
  readonly client: ClientRegistration
  readonly allowLoopback: boolean
}

/** @throws ConfigurationError */
export function checkSession(options: McpSessionOptions): SessionSettings {
  const where = 'createMcpSession'
  refuseUnknownKeys(where, options, optionKeys)
  refuseUnknownKeys(`${where}.client`, options.client, clientKeys)
  const server = webAddress(`${where}.serverUrl`, options.serverUrl)
  const { client, showSignIn } = options
  if (typeof showSignIn !== 'function') {
    throw new ConfigurationError(`${where}.showSignIn`, 'give a function that shows the user where to sign in')
  }
  if (typeof client.name !== 'string' || client.name === '') {
    throw new ConfigurationError(`${where}.client.name`, 'give a name that the user knows')
  }
  checkRedirectUri(`${where}.client.redirectUri`, client.redirectUri, undefined)
  if (client.metadataUrl !== undefined) checkMetadataUrl(`${where}.client.metadataUrl`, client.metadataUrl)
  for (const [issuer, registered] of Object.entries(client.registered ?? {})) {
    webAddress(`${where}.client.registered`, issuer)
    if (!('redirect_uris' in registered) || registered.redirect_uris === undefined) continue
    for (const uri of registered.redirect_uris) checkRedirectUri(`${where}.client.registered`, uri, issuer)
  }
  for (const [issuer, origins] of Object.entries(client.authorizationOrigins ?? {})) {
    checkOrigins(`${where}.client.authorizationOrigins`, issuer, origins)
  }
  checkScopes(`${where}.client.scopes`, client.scopes)
  checkSwitch(`${where}.client.scopesUpFront`, client.scopesUpFront)
  if (client.scopesUpFront === true && client.scopes === undefined) {
    throw new ConfigurationError(`${where}.client.scopesUpFront`, 'needs `client.scopes`: list the scopes to ask for')
  }
  checkRequestRules(where, options)
  checkWhole(`${where}.signInSeconds`, options.signInSeconds, MAX_SIGN_IN_SECONDS)
  checkSwitch(`${where}.dpop`, options.dpop)
  checkSwitch(`${where}.client.deviceLogin`, client.deviceLogin)
  // Copied, like the other options.
  return { server, owner: ownerName(options.owner), client: structuredClone(client), allowLoopback: isLoopback(server) }
}

/** @throws ConfigurationError, IdentityRequiredError The identity was not returned by a verification. */
function ownerName(owner: Identity | string): string {
  if (typeof owner === 'string' && owner !== '') return JSON.stringify(['app', owner])
  if (typeof owner !== 'object' || owner === null) {
    throw new ConfigurationError('createMcpSession.owner', 'give a verified identity, or a name of the app’s own')
  }
  const fault = identityFault('createMcpSession.owner', owner)
  if (fault !== undefined) throw fault
  return principalKey(owner)
}

/**
 * Checks a redirect URI. MCP requires https or loopback (Communication Security). A private scheme (RFC 8252 §7.1) is
 * neither, and another app can claim it.
 *
 * @param issuer - The only issuer that it may name.
 */
function checkRedirectUri(option: string, value: unknown, issuer: string | undefined): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const web = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  if (url === undefined || url.hash !== '' || !web) {
    throw new ConfigurationError(option, 'give an https address, or one on loopback, without fragment')
  }
  const said = url.searchParams.getAll(ISSUER_PARAMETER)
  if (said.length > 1 || (said[0] !== undefined && said[0] !== issuer)) {
    const own = issuer === undefined ? 'no issuer' : JSON.stringify(issuer)
    throw new ConfigurationError(option, `its query parameter ${ISSUER_PARAMETER} may name only ${own} here`)
  }
}

function checkOrigins(option: string, issuer: string, origins: unknown): void {
  webAddress(option, issuer)
  const isOrigin = (origin: unknown) => webAddress(option, origin).origin === origin
  if (Array.isArray(origins) && origins.every(isOrigin)) return
  throw new ConfigurationError(option, 'give a list of exact origins for each issuer: scheme, host and port only')
}

function checkScopes(option: string, scopes: unknown): void {
  const isScope = (scope: unknown) => typeof scope === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)
  if (scopes === undefined || (Array.isArray(scopes) && scopes.every(isScope))) return
  throw new ConfigurationError(option, 'give a list of scopes, each one word of printable ASCII (RFC 6749 §3.3)')
}

/** @see {@link https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/ | Client ID Metadata Document, §3} */
export function checkMetadataUrl(option: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isRight =
    url?.protocol === 'https:' && url.pathname !== '/' && url.hash === '' && url.username === '' && url.password === ''
  // Compared as text, so it must have the spelling of the URL parser: no dot segments, no upper-case host.
  if (!isRight || url.href !== value) {
    throw new ConfigurationError(option, 'give an https address with a path, without fragment, user or dot segments')
  }
  return url
}
