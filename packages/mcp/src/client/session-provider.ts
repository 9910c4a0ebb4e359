import { ConfigurationError, type Fetch } from '@behalf/core'
import {
  type AuthorizationServerMetadata,
  auth,
  computeScopeUnion,
  type DpopSession,
  discoverOAuthServerInfo,
  type OAuthClientInformationContext,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  RegistrationRejectedError,
  registerClient,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  selectResourceURL,
  validateAuthorizationResponseIssuer,
} from '@modelcontextprotocol/client'
import { authenticateClient } from './authenticate-client.ts'
import { clientMetadata } from './client-metadata.ts'
import type { McpSessionOptions, SessionSettings } from './client-options.ts'
import { type DeviceSignInOptions, deviceSignIn } from './device-sign-in.ts'
import { sha256 } from './digest.ts'
import { accessFetch } from './machine-access.ts'
import { refuseAddress, refuseWithoutPkce } from './refuse-sign-in.ts'
import { openSessionKey } from './session-key.ts'
import { SessionRecords, type SignInUnderWay } from './session-records.ts'
import { SignInError } from './sign-in-error.ts'
import { refreshingFetch } from './single-refresh.ts'
import { askForLogin, type WantedLogin, wantedLogin } from './step-up.ts'

const DEFAULT_TIMEOUT_MS = 10_000
/** Sign-ins with the same scopes within the window. */
const MAX_SIGN_INS = 3
const SIGN_IN_WINDOW_MS = 10 * 60_000

/** What both SDKs' transports take as their provider, over what is kept in the Store. */
export class SessionProvider implements OAuthClientProvider {
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
  /** When sign-ins were begun, by their scopes. */
  readonly #begun = new Map<string, readonly number[]>()
  #shown = 0
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

  get signInsShown(): number {
    return this.#shown
  }

  get clientMetadata(): OAuthClientMetadata {
    return clientMetadata(this.#settings.client)
  }

  state(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  readonly addClientAuthentication = async (
    headers: Headers,
    parameters: URLSearchParams,
    _url: string | URL,
    metadata?: AuthorizationServerMetadata,
  ): Promise<void> => {
    const client = await this.clientInformation(metadata && { issuer: metadata.issuer })
    if (client === undefined) throw new ConfigurationError('createMcpSession.client', 'is not known at this issuer')
    authenticateClient(client, headers, parameters, metadata)
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
    refuseWithoutPkce(discovery)
    this.#countSignIn(url.searchParams.get('scope') ?? '')
    if (this.#wanted !== undefined)
      askForLogin(url, this.#wanted, discovery.authorizationServerMetadata?.scopes_supported)
    this.#wanted = undefined
    await this.#records.begin(state, { codeVerifier, discovery })
    this.#shown++
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

  async signInByDevice({ show, scopes, signal }: DeviceSignInOptions): Promise<void> {
    if (this.dpop !== undefined) {
      throw new ConfigurationError('signInByDevice', 'gives bearer tokens, and the session wants them bound (dpop)')
    }
    const { server, client: ours, allowLoopback } = this.#settings
    const discovered = await discoverOAuthServerInfo(server, { fetchFn: this.fetch })
    const { authorizationServerMetadata: metadata, resourceMetadata } = discovered
    this.saveDiscoveryState(discovered)
    const { device_authorization_endpoint: deviceEndpoint } = { ...metadata } as Record<string, unknown>
    if (metadata === undefined || typeof deviceEndpoint !== 'string' || ours.deviceLogin !== true) {
      throw new ConfigurationError('signInByDevice', 'needs `deviceLogin` of the client and a server that has it')
    }
    const resource = await selectResourceURL(server, this, resourceMetadata)
    const client = await this.clientInformation({ issuer: metadata.issuer })
    if (client === undefined || resource === undefined) throw new ConfigurationError('signInByDevice', 'has no client')
    const asked = scopes ?? ours.scopes ?? resourceMetadata?.scopes_supported
    const scope = asked?.join(' ')
    const place = {
      deviceEndpoint,
      metadata,
      tokenEndpoint: metadata.token_endpoint,
      client,
      scope,
      allowLoopback,
      fetch: this.fetch,
    }
    const tokens = await deviceSignIn({ ...place, resource: resourceMetadata?.resource ?? resource.href }, show, signal)
    await this.saveTokens(tokens as StoredOAuthTokens, { issuer: metadata.issuer })
  }

  signOut(): Promise<void> {
    return this.#records.dropTokens()
  }

  /** A server that asks for the same again and again must not wear the user out. */
  #countSignIn(scope: string): void {
    const now = performance.now()
    const recent = (this.#begun.get(scope) ?? []).filter((at) => now - at < SIGN_IN_WINDOW_MS)
    if (recent.length >= MAX_SIGN_INS) {
      throw new SignInError('too_many', `the server asked for a sign-in with the same scopes ${MAX_SIGN_INS} times`)
    }
    this.#begun.set(scope, [...recent, now])
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
    const register = (scopes: string | undefined) => {
      const { scope: _, ...metadataOfOurs } = this.clientMetadata
      return registerClient(discovered?.authorizationServerUrl ?? issuer, {
        ...(metadata !== undefined && { metadata }),
        clientMetadata: metadataOfOurs,
        ...(scopes !== undefined && { scope: scopes }),
        fetchFn: this.fetch,
      })
    }
    const registered = await register(scope).catch((error: unknown) => {
      // Some servers know only their own scopes here, and hold a client that names none to none.
      if (scope === undefined || !RegistrationRejectedError.isInstance(error)) throw error
      return register(undefined)
    })
    const stored = { ...registered, issuer }
    await this.#records.saveClient(issuer, stored)
    return stored
  }
}
