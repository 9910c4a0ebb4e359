import { ConfigurationError, type Fetch } from '@behalf/core'
import {
  type AuthorizationServerMetadata,
  auth,
  type DpopSession,
  discoverOAuthServerInfo,
  type OAuthClientInformationContext,
  type OAuthClientMetadata,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  selectResourceURL,
} from '@modelcontextprotocol/client'
import { accessFetch } from '../access-providers.ts'
import type { McpSessionOptions, SessionSettings } from '../client-options.ts'
import { Discoveries, unreported } from '../discovery/discoveries.ts'
import { authenticateClient } from '../registration/authenticate-client.ts'
import { clientMetadata } from '../registration/client-metadata.ts'
import { type ClientPlace, SessionClient } from '../registration/session-client.ts'
import { BrowserSignIn } from '../sign-in/browser-sign-in.ts'
import { type DeviceSignInOptions, deviceServerOf, deviceSignIn } from '../sign-in/device-sign-in.ts'
import { refuseStepUp } from '../sign-in/scope-limit.ts'
import { SignInError } from '../sign-in/sign-in-error.ts'
import {
  type RefusedToken,
  refusedToken,
  refuseUselessSignIn,
  type WantedLogin,
  wantedLogin,
  wantedScopes,
} from '../sign-in/step-up.ts'
import { openSessionKey } from './session-key.ts'
import { SessionRecords, type SignInUnderWay, scopesOf } from './session-records.ts'
import { refreshingFetch, SessionTokens } from './session-tokens.ts'

const DEFAULT_TIMEOUT_MS = 10_000

/** The provider that the transports of both SDKs accept. Its data is in the store. */
export class SessionProvider implements OAuthClientProvider {
  readonly fetch: Fetch
  readonly redirectUrl: string
  readonly clientMetadataUrl?: string
  readonly #options: McpSessionOptions
  readonly #settings: SessionSettings
  readonly #records: SessionRecords
  readonly #tokens: SessionTokens
  readonly #client: SessionClient
  readonly #browser: BrowserSignIn
  readonly #discoveries: Discoveries
  #wanted: WantedLogin | undefined
  /** The token that the MCP server refused last. Unknown if a client does not use our fetch. */
  #refused: RefusedToken | undefined
  /** The token of the last sign-in that came back here, and when. */
  #signedIn: { readonly token: string; readonly at: number } | undefined
  #key: DpopSession | undefined
  /** The sign-in whose callback is being processed. */
  readonly #finishing: SignInUnderWay | undefined

  constructor(
    options: McpSessionOptions,
    settings: SessionSettings,
    records: SessionRecords = new SessionRecords(options, settings),
    finishing?: SignInUnderWay,
  ) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, trustedHosts = [] } = options
    const { server, client } = settings
    this.#options = options
    this.#settings = settings
    this.#discoveries = new Discoveries(server)
    this.#records = records
    this.#tokens = new SessionTokens(records, finishing?.since)
    this.#finishing = finishing
    this.redirectUrl = finishing?.redirectUri ?? client.redirectUri
    if (client.metadataUrl !== undefined) this.clientMetadataUrl = client.metadataUrl
    const around = (send: Fetch) => refreshingFetch(send, records, this.#tokens, timeoutMs)
    const send = accessFetch(server, { fetch: options.fetch, timeoutMs, trustedHosts, around })
    this.fetch = async (input, init) => {
      const sending = send(input, init)
      this.#browser.sent(init?.body, sending)
      const response = await sending
      this.#wanted = wantedLogin(response) ?? this.#wanted
      const refused = refusedToken(input, init, { response, server })
      this.#refused = refused ?? this.#refused
      refuseUselessSignIn(refused, this.#signedIn)
      const needed = wantedScopes(response)
      if (needed.length > 0) refuseStepUp(needed, client.scopes, await records.tokens())
      return response
    }
    this.#client = new SessionClient(client, { records, fetch: this.fetch, timeoutMs })
    this.#browser = new BrowserSignIn(options.showSignIn, records, settings.allowLoopback)
    if (options.dpop !== true) return
    this.dpop = async () => {
      // Not the promise: on Workers, that of a request which was cut off never settles.
      const opened = this.#key ?? (await openSessionKey(records))
      this.#key ??= opened
      return this.#key
    }
  }

  dpop?: () => Promise<DpopSession>

  get signInsShown(): number {
    return this.#browser.shown
  }

  get clientMetadata(): OAuthClientMetadata {
    const { client } = this.#settings
    const { last: issuer } = this.#discoveries
    const redirectUri = issuer === undefined ? client.redirectUri : this.#client.redirectUri(this.#place(issuer))
    return clientMetadata({ ...client, redirectUri })
  }

  state(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  readonly addClientAuthentication = async (
    headers: Headers,
    parameters: URLSearchParams,
    url: string | URL,
    metadata?: AuthorizationServerMetadata,
  ): Promise<void> => {
    const client = await this.#client.at(this.#place(this.#discoveries.issuerOfRequest(url, metadata)))
    if (client === undefined)
      throw new ConfigurationError('createMcpSession.client', 'has no client at this issuer: sign in first')
    authenticateClient(client, headers, parameters, metadata)
    const refreshToken = parameters.get('refresh_token')
    if (refreshToken !== null) this.#tokens.sends(refreshToken)
  }

  async clientInformation(ctx?: OAuthClientInformationContext): Promise<StoredOAuthClientInformation | undefined> {
    const issuer = this.#issuer(ctx?.issuer)
    return issuer === undefined ? undefined : this.#client.at(this.#place(issuer))
  }

  async saveClientInformation(
    client: StoredOAuthClientInformation,
    ctx?: OAuthClientInformationContext,
  ): Promise<void> {
    const issuer = this.#issuer(ctx?.issuer ?? client.issuer)
    if (issuer !== undefined) await this.#client.save(this.#place(issuer), client)
  }

  /**
   * Returns the tokens, unless they are of another issuer than the requested one. If the SDK names no issuer and
   * several were discovered, it gets only the access token, without the refresh token.
   */
  async tokens(ctx?: OAuthClientInformationContext): Promise<StoredOAuthTokens | undefined> {
    const tokens = await this.#records.tokens()
    if (tokens === undefined) return undefined
    if (ctx !== undefined && tokens.issuer !== this.#discoveries.issuerOf(ctx.issuer)) return undefined
    const isMeant = ctx !== undefined || (tokens.issuer !== undefined && tokens.issuer === this.#discoveries.only)
    // RFC 9470 §6.1: a refresh does not change the login.
    if (isMeant && this.#wanted === undefined) return tokens
    const { refresh_token: _, ...rest } = tokens
    return rest
  }

  async saveTokens(tokens: StoredOAuthTokens, ctx?: OAuthClientInformationContext): Promise<void> {
    const issuer = this.#issuer(ctx?.issuer ?? tokens.issuer)
    if (issuer === undefined)
      throw new ConfigurationError(
        'createMcpSession',
        'got tokens of an unknown issuer: pass the session itself as authProvider',
      )
    const { asked } = this.#finishing ?? {}
    await this.#tokens.save({ ...tokens, issuer, ...(asked !== undefined && { asked }) })
  }

  saveCodeVerifier(codeVerifier: string): Promise<void> {
    return this.#browser.keepVerifier(codeVerifier)
  }

  codeVerifier(): string {
    if (this.#finishing !== undefined) return this.#finishing.codeVerifier
    throw new SignInError('unknown_state', 'no sign-in is being finished: call finishSignIn')
  }

  async redirectToAuthorization(url: URL): Promise<void> {
    const wanted = this.#wanted
    this.#wanted = undefined
    const { last: issuer } = this.#discoveries
    const discovery = this.#discoveries.at(issuer)
    if (issuer === undefined || discovery === undefined) {
      throw unreported()
    }
    const redirectUri = this.#client.safeRedirectUri(issuer, discovery)
    const clientId = (await this.#client.at(this.#place(issuer)))?.client_id ?? ''
    const { scopes, scopesUpFront = false } = this.#settings.client
    const tokens = await this.#records.tokens()
    const refused = this.#refused ?? { token: tokens?.access_token ?? '', lacked: [], fault: undefined }
    // A step-up keeps what was granted. The v1 SDK asks for the missing scopes only.
    const isStepUp = refused.lacked.length > 0 && tokens?.issuer === issuer
    const held = isStepUp ? scopesOf(tokens) : []
    await this.#browser.begin(url, { discovery, clientId, redirectUri, scopes, scopesUpFront, wanted, refused, held })
  }

  /**
   * Runs `work`, and runs it again after each sign-in that it asks for, at most `most` times. `finish` waits for the
   * browser.
   */
  attend<Result>(work: () => Promise<Result>, most: number, finish: () => Promise<void>): Promise<Result> {
    return this.#browser.attend(work, most, finish)
  }

  /**
   * Stores the metadata with which each renewal and each sign-in of an SDK begins.
   *
   * @throws InvalidResponseError The metadata is of another issuer or server than the one that was asked. Some SDKs do
   *   not check this.
   * @throws SignInError `too_many`
   */
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.#tokens.limit.begin()
    this.#discoveries.save(state)
  }

  /**
   * Returns `undefined`, so that the SDK discovers again. Only while a sign-in finishes, returns the discovery with
   * which it began.
   */
  discoveryState(): OAuthDiscoveryState | undefined {
    if (this.#finishing === undefined) return undefined
    this.saveDiscoveryState(this.#finishing.discovery)
    return this.#finishing.discovery
  }

  async invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): Promise<void> {
    const { last: issuer } = this.#discoveries
    if ((scope === 'all' || scope === 'client') && issuer !== undefined) {
      await this.#client.invalidate(this.#place(issuer))
    }
    if (scope === 'all' || scope === 'tokens') await this.#tokens.invalidate()
  }

  async finishSignIn(callback: string | URL | URLSearchParams): Promise<void> {
    const parameters =
      callback instanceof URLSearchParams ? new URLSearchParams(callback) : new URL(callback).searchParams
    const { pending, code, iss } = await this.#browser.finish(parameters)
    const session = new SessionProvider(this.#options, this.#settings, this.#records, pending)
    await auth(session, {
      serverUrl: this.#settings.server,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      fetchFn: session.fetch,
    })
    this.#signedIn = { token: (await this.#records.tokens())?.access_token ?? '', at: Date.now() }
  }

  async signInByDevice({ show, scopes, signal }: DeviceSignInOptions): Promise<void> {
    if (this.dpop !== undefined) {
      throw new ConfigurationError(
        'signInByDevice',
        'gives bearer tokens, and the session requires bound ones: sign in with a browser, or leave dpop out',
      )
    }
    const { server, client, allowLoopback } = this.#settings
    const wanted = scopes && [...scopes]
    const since = await this.#records.lastSignOut()
    const discovered = await discoverOAuthServerInfo(server, { fetchFn: this.fetch })
    this.saveDiscoveryState(discovered)
    const place = deviceServerOf(discovered, client, wanted)
    const { issuer } = place.metadata
    const ours = await this.clientInformation({ issuer })
    const resource = await selectResourceURL(server, this, discovered.resourceMetadata)
    if (ours === undefined || resource === undefined)
      throw new ConfigurationError(
        'signInByDevice',
        'the server registered no client, or names no resource: check its metadata',
      )
    const named = discovered.resourceMetadata?.resource ?? resource.href
    const all = { ...place, client: ours, resource: named, fetch: this.fetch, allowLoopback }
    await this.#tokens.signIn(
      { ...(await deviceSignIn(all, show, signal)), issuer, ...(place.scope && { asked: place.scope }) },
      since,
    )
  }

  signOut(): Promise<void> {
    return this.#records.signOut()
  }

  /** Returns the issuer that an SDK names, or the last one if it names none; `undefined` if it was not discovered. */
  #issuer(named: string | undefined): string | undefined {
    return named === undefined ? this.#discoveries.last : this.#discoveries.issuerOf(named)
  }

  #place(issuer: string): ClientPlace {
    return { issuer, discovered: this.#discoveries.at(issuer) }
  }
}
