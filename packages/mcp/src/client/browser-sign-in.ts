import { ConfigurationError } from '@behalf/core'
import { type OAuthDiscoveryState, validateAuthorizationResponseIssuer } from '@modelcontextprotocol/client'
import { sha256 } from './digest.ts'
import { refuseAddress, refuseWithoutPkce } from './refuse-sign-in.ts'
import type { SessionRecords, SignInUnderWay } from './session-records.ts'
import { SignInError } from './sign-in-error.ts'
import { askForLogin, type WantedLogin } from './step-up.ts'

/** Sign-ins with the same scopes within the window. */
const MAX_SIGN_INS = 3
const SIGN_IN_WINDOW_MS = 10 * 60_000

/** What a sign-in is begun with. */
export interface SignInStart {
  readonly discovery: OAuthDiscoveryState | undefined
  readonly wanted: WantedLogin | undefined
}

/** Sign-ins of one owner in a browser, from the address that it is sent to until it comes back. */
export class BrowserSignIn {
  readonly #show: (url: URL) => void | Promise<void>
  readonly #allowLoopback: boolean
  readonly #records: SessionRecords
  /** By PKCE challenge: sign-ins that begin at the same time do not mix. */
  readonly #verifiers = new Map<string, string>()
  /** When sign-ins were begun, by their scopes. */
  readonly #begun = new Map<string, readonly number[]>()
  #shown = 0

  constructor(show: (url: URL) => void | Promise<void>, records: SessionRecords, allowLoopback: boolean) {
    this.#show = show
    this.#records = records
    this.#allowLoopback = allowLoopback
  }

  get shown(): number {
    return this.#shown
  }

  async keepVerifier(codeVerifier: string): Promise<void> {
    this.#verifiers.set(await sha256(codeVerifier), codeVerifier)
  }

  async begin(url: URL, { discovery, wanted }: SignInStart): Promise<void> {
    const state = url.searchParams.get('state')
    const challenge = url.searchParams.get('code_challenge') ?? ''
    const codeVerifier = this.#verifiers.get(challenge)
    if (state === null || codeVerifier === undefined || discovery === undefined) {
      throw new ConfigurationError('createMcpSession', 'is used by a transport that keeps no state or no PKCE verifier')
    }
    this.#verifiers.delete(challenge)
    refuseAddress(url, this.#allowLoopback)
    refuseWithoutPkce(discovery)
    this.#count(url.searchParams.get('scope') ?? '')
    if (wanted !== undefined) askForLogin(url, wanted, discovery.authorizationServerMetadata?.scopes_supported)
    await this.#records.begin(state, { codeVerifier, discovery })
    this.#shown++
    await this.#show(url)
  }

  /** The sign-in that a browser came back from, and its code. @throws SignInError */
  async finish(parameters: URLSearchParams): Promise<{ pending: SignInUnderWay; code: string; iss?: string }> {
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
    return { pending, code, ...(iss !== undefined && { iss }) }
  }

  /** A server that asks for the same again and again must not wear the user out. */
  #count(scope: string): void {
    const now = performance.now()
    const recent = (this.#begun.get(scope) ?? []).filter((at) => now - at < SIGN_IN_WINDOW_MS)
    if (recent.length >= MAX_SIGN_INS) {
      throw new SignInError('too_many', `the server asked for a sign-in with the same scopes ${MAX_SIGN_INS} times`)
    }
    this.#begun.set(scope, [...recent, now])
  }
}
