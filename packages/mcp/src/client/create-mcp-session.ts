import { ConfigurationError, type Fetch, InvalidResponseError } from '@behalf/core'
import {
  auth,
  computeScopeUnion,
  type DpopSession,
  type OAuthClientInformationContext,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  registerClient,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  validateAuthorizationResponseIssuer,
} from '@modelcontextprotocol/client'
import { isLoopback } from './addresses.ts'
import { clientMetadata } from './client-metadata.ts'
import { checkSession, type McpSessionOptions, type SessionSettings } from './client-options.ts'
import { sha256 } from './digest.ts'
import { accessFetch, type McpAccess } from './machine-access.ts'
import { openSessionKey } from './session-key.ts'
import { SessionRecords, type SignInUnderWay } from './session-records.ts'
import { SignInError } from './sign-in-error.ts'
import { refreshingFetch } from './single-refresh.ts'
import { type WantedLogin, wantedLogin } from './step-up.ts'

const DEFAULT_TIMEOUT_MS = 10_000

/** A user's session with one MCP server. A transport of either SDK takes it as its options. */
export interface McpSession extends McpAccess {
  /**
   * Takes the address that the browser came back to, exchanges its code, and stores the tokens.
   *
   * `state` must be of a sign-in that this owner began at this server, and is good once; `iss` must be the issuer that
   * the sign-in was begun with. Works in whatever process the browser comes back to.
   *
   * @throws SignInError The answer is not to a sign-in of this owner, or the server refused.
   */
  finishSignIn(callback: string | URL | URLSearchParams): Promise<void>
  /** Forgets the tokens. Does not tell the authorization server. */
  signOut(): Promise<void>
}

/**
 * Makes a durable session: registration in the specification's order (by hand, metadata document, dynamic), PKCE,
 * `state` and `iss`, resource indicators always, tokens sealed in the Store per user and server, one refresh at a time
 * across processes, step-up by the union of scopes and by another login.
 *
 * No request is made before it is used. The SDK refuses an authorization server without PKCE, and bounds step-up.
 *
 * @example
 * ```ts
 * import { memoryStore } from '@behalf/core'
 * import { createMcpSession } from '@behalf/mcp/client'
 * import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
 *
 * const session = createMcpSession({
 *   serverUrl: 'https://mcp.example.com/mcp',
 *   owner: 'session-1',
 *   client: { name: 'My agent', redirectUri: 'https://app.example.com/callback' },
 *   showSignIn: (url) => console.log(`Sign in: ${url}`),
 *   store: memoryStore(),
 * })
 * const transport = new StreamableHTTPClientTransport(new URL('https://mcp.example.com/mcp'), session)
 * ```
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization | MCP, Authorization}
 */
export function createMcpSession(options: McpSessionOptions): McpSession {
  const provider = new SessionProvider(options, checkSession(options))
  return {
    authProvider: provider,
    fetch: provider.fetch,
    finishSignIn: (callback) => provider.finishSignIn(callback),
    signOut: () => provider.signOut(),
  }
}

class SessionProvider implements OAuthClientProvider {
  readonly fetch: Fetch
  readonly redirectUrl: string
  readonly clientMetadataUrl?: string
  readonly #options: McpSessionOptions
  readonly #settings: SessionSettings
  readonly #records: SessionRecords
  readonly #timeoutMs: number
  /** By PKCE challenge: sign-ins that begin at the same time do not mix. */
  readonly #verifiers = new Map<string, string>()
  /** Hashes of tokens that are in the store already. */
  readonly #written = new Set<string>()
  #discovered: OAuthDiscoveryState | undefined
  #wanted: WantedLogin | undefined
  #key: Promise<DpopSession> | undefined
  /** The sign-in whose callback is being taken. */
  readonly #finishing: SignInUnderWay | undefined

  constructor(options: McpSessionOptions, settings: SessionSettings, finishing?: SignInUnderWay) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, trustedHosts = [] } = options
    this.#options = options
    this.#settings = settings
    this.#records = new SessionRecords(options, settings)
    this.#timeoutMs = timeoutMs
    this.#finishing = finishing
    this.redirectUrl = settings.client.redirectUri
    if (settings.client.metadataUrl !== undefined) this.clientMetadataUrl = settings.client.metadataUrl
    const { server } = settings
    const refreshing = (send: Fetch) => refreshingFetch(send, this.#records, this.#written, timeoutMs)
    const send = accessFetch(server, { fetch: options.fetch, timeoutMs, trustedHosts, around: refreshing })
    this.fetch = async (input, init) => {
      const response = await send(input, init)
      this.#wanted = wantedLogin(response) ?? this.#wanted
      return response
    }
    if (options.dpop === true) this.dpop = () => (this.#key ??= openSessionKey(this.#records))
  }

  dpop?: () => Promise<DpopSession>

  get clientMetadata(): OAuthClientMetadata {
    return clientMetadata(this.#settings.client)
  }

  state(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  /** In the order of the specification: registered by hand, metadata document, registered by itself. */
  async clientInformation(ctx?: OAuthClientInformationContext): Promise<StoredOAuthClientInformation | undefined> {
    const issuer = ctx?.issuer ?? this.#issuer()
    if (issuer === undefined) return undefined
    const { client } = this.#settings
    const byHand = Object.hasOwn(client.registered ?? {}, issuer) ? client.registered?.[issuer] : undefined
    if (byHand !== undefined) return { ...byHand, issuer }
    const metadata = this.#discovered?.authorizationServerMetadata
    if (client.metadataUrl !== undefined && metadata?.client_id_metadata_document_supported === true) {
      return { client_id: client.metadataUrl, issuer }
    }
    const known = () => this.#records.client(issuer, Date.now() / 1000)
    const signal = AbortSignal.timeout(2 * this.#timeoutMs)
    return (
      (await known()) ??
      this.#records.registerAlone(issuer, signal, async () => (await known()) ?? this.#register(issuer))
    )
  }

  async saveClientInformation(
    client: StoredOAuthClientInformation,
    ctx?: OAuthClientInformationContext,
  ): Promise<void> {
    const issuer = ctx?.issuer ?? client.issuer ?? this.#issuer()
    if (issuer === undefined || Object.hasOwn(this.#settings.client.registered ?? {}, issuer)) return
    if (client.client_id === this.#settings.client.metadataUrl) return
    await this.#records.saveClient(issuer, { ...client, issuer })
  }

  /** Tokens of another issuer than the one that is asked for are no tokens. */
  async tokens(ctx?: OAuthClientInformationContext): Promise<StoredOAuthTokens | undefined> {
    const tokens = await this.#records.tokens()
    if (tokens === undefined || ctx === undefined) return tokens
    if (tokens.issuer !== ctx.issuer) return undefined
    // RFC 9470 §4: a refresh gives no other login.
    if (this.#wanted === undefined) return tokens
    const { refresh_token: _, ...rest } = tokens
    return rest
  }

  async saveTokens(tokens: StoredOAuthTokens, ctx?: OAuthClientInformationContext): Promise<void> {
    if (this.#written.delete(await sha256(tokens.access_token))) return
    const issuer = ctx?.issuer ?? tokens.issuer ?? this.#issuer()
    await this.#records.saveTokens({ ...tokens, ...(issuer !== undefined && { issuer }) })
  }

  async saveCodeVerifier(codeVerifier: string): Promise<void> {
    this.#verifiers.set(await sha256(codeVerifier), codeVerifier)
  }

  codeVerifier(): string {
    if (this.#finishing !== undefined) return this.#finishing.codeVerifier
    throw new SignInError('unknown_state', 'no sign-in is being finished: call finishSignIn')
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    const state = url.searchParams.get('state')
    const codeVerifier = this.#verifiers.get(url.searchParams.get('code_challenge') ?? '')
    const discovery = this.#discovered
    if (state === null || codeVerifier === undefined || discovery === undefined) {
      throw new ConfigurationError('createMcpSession', 'is used by a transport that keeps no state or no PKCE verifier')
    }
    this.#verifiers.delete(url.searchParams.get('code_challenge') ?? '')
    refuseAddress(url, this.#settings.allowLoopback)
    const { acrValues, maxAge } = this.#wanted ?? {}
    this.#wanted = undefined
    if (acrValues !== undefined) url.searchParams.set('acr_values', acrValues)
    if (maxAge !== undefined) url.searchParams.set('max_age', maxAge)
    await this.#records.begin(state, { codeVerifier, discovery })
    await this.#options.showSignIn(url)
  }

  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#discovered = state
  }

  /** Asked anew each time, but for a sign-in that comes back: it ends where it began. */
  discoveryState(): OAuthDiscoveryState | undefined {
    if (this.#finishing === undefined) return undefined
    this.#discovered = this.#finishing.discovery
    return this.#finishing.discovery
  }

  async invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    const issuer = this.#issuer()
    if ((scope === 'all' || scope === 'client') && issuer !== undefined) await this.#records.dropClient(issuer)
    if (scope === 'all' || scope === 'tokens') await this.#records.dropTokens()
  }

  async finishSignIn(callback: string | URL | URLSearchParams): Promise<void> {
    const parameters = callback instanceof URLSearchParams ? callback : new URL(callback).searchParams
    const pending = await this.#records.take(parameters.get('state') ?? '')
    if (pending === undefined)
      throw new SignInError('unknown_state', 'no sign-in of this user was begun with this state')
    const metadata = pending.discovery.authorizationServerMetadata
    const iss = parameters.get('iss') ?? undefined
    // Before anything else of the answer is looked at (RFC 9207 §2.4): another server's words are not repeated.
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: metadata?.issuer,
      issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
    })
    const error = parameters.get('error')
    if (error !== null) throw new SignInError('refused', `the authorization server refused: ${JSON.stringify(error)}`)
    const code = parameters.get('code')
    if (code === null) throw new SignInError('refused', 'the authorization server sent no code')
    const session = new SessionProvider(this.#options, this.#settings, pending)
    await auth(session, {
      serverUrl: this.#settings.server,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      fetchFn: session.fetch,
    })
  }

  signOut(): Promise<void> {
    return this.#records.dropTokens()
  }

  #issuer(): string | undefined {
    return this.#discovered?.authorizationServerMetadata?.issuer ?? this.#discovered?.authorizationServerUrl
  }

  /** With all scopes there are: a server that holds a client to what it registered would refuse a step-up. */
  async #register(issuer: string): Promise<StoredOAuthClientInformation | undefined> {
    const { client } = this.#settings
    const discovered = this.#discovered
    const metadata = discovered?.authorizationServerMetadata
    if (metadata?.registration_endpoint === undefined && metadata !== undefined) {
      const fix = `has no client at ${JSON.stringify(issuer)}, and that server takes no registrations: register one by hand`
      throw new ConfigurationError('createMcpSession.client', fix)
    }
    const named = discovered?.resourceMetadata?.scopes_supported
    const scope = computeScopeUnion(client.scopes?.join(' '), named?.join(' '))
    const registered = await registerClient(discovered?.authorizationServerUrl ?? issuer, {
      ...(metadata !== undefined && { metadata }),
      clientMetadata: this.clientMetadata,
      ...(scope !== undefined && { scope }),
      fetchFn: this.fetch,
    })
    const stored = { ...registered, issuer }
    await this.#records.saveClient(issuer, stored)
    return stored
  }
}

/** A page that a browser is sent to must be of the web: `javascript:` and its like are not. */
function refuseAddress(url: URL, allowLoopback: boolean): void {
  if (url.protocol === 'https:' || (allowLoopback && url.protocol === 'http:' && isLoopback(url))) return
  throw new InvalidResponseError(
    `the authorization endpoint is no address for a browser: ${JSON.stringify(url.origin)}`,
  )
}
