import { ConfigurationError } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import { type OAuthDiscoveryState, validateAuthorizationResponseIssuer } from '@modelcontextprotocol/client'
import { sha256 } from '../../base/digest.ts'
import { refuseAddress, refuseWithoutPkce } from '../discovery/refuse-server.ts'
import { checkRedirectUsed } from '../registration/redirect-uri.ts'
import { type SessionRecords, type SignInUnderWay, scopesOf } from '../session/session-records.ts'
import { AttendedSignIns } from './attended-sign-ins.ts'
import { isOfSession, limitScopes } from './scope-limit.ts'
import { SignInError } from './sign-in-error.ts'
import { askForLogin, type RefusedToken, type WantedLogin } from './step-up.ts'

/** Data with which a sign-in begins. */
export interface SignInStart {
  readonly discovery: OAuthDiscoveryState
  /** Id of our client at this issuer. */
  readonly clientId: string
  readonly redirectUri: string
  /** Scopes that the app's `client.scopes` allows. */
  readonly scopes: readonly string[] | undefined
  readonly scopesUpFront: boolean
  readonly wanted: WantedLogin | undefined
  /** The token that the MCP server refused. */
  readonly refused: RefusedToken
  /** Scopes that the user has granted before, which a step-up must not lose. */
  readonly held: readonly string[]
}

/** A sign-in that can be shown. */
interface Page {
  readonly url: URL
  readonly state: string
  readonly signIn: SignInUnderWay
  readonly refused: RefusedToken
}

/** Sign-ins of one owner in a browser, from the redirect to the callback. */
export class BrowserSignIn {
  readonly #show: (url: URL) => void | Promise<void>
  readonly #allowLoopback: boolean
  readonly #records: SessionRecords
  /** PKCE verifiers by challenge, so that sign-ins which begin at the same time do not mix. */
  readonly #verifiers = new Map<string, string>()
  readonly #attended = new AttendedSignIns<Page>()
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

  async begin(url: URL, start: SignInStart): Promise<void> {
    const { discovery, clientId, redirectUri, scopes = [], scopesUpFront, wanted, refused, held } = start
    const state = url.searchParams.get('state')
    const challenge = url.searchParams.get('code_challenge') ?? ''
    const codeVerifier = this.#verifiers.get(challenge)
    if (state === null || codeVerifier === undefined) {
      throw new ConfigurationError(
        'createMcpSession',
        'is used by a transport that keeps no state or no PKCE verifier: use one of the MCP SDK',
      )
    }
    this.#verifiers.delete(challenge)
    refuseAddress(url, this.#allowLoopback)
    refuseWithoutPkce(discovery)
    refuseOtherServer(url, discovery, clientId)
    url.searchParams.set('redirect_uri', redirectUri)
    const supported = discovery.authorizationServerMetadata?.scopes_supported
    const limited = limitScopes(
      [...held, ...(url.searchParams.get('scope') ?? '').split(' ').filter(Boolean)],
      start.scopes,
      supported,
    )
    const asked = new Set([...limited, ...(scopesUpFront ? scopes : [])])
    if (asked.size > 0) url.searchParams.set('scope', [...asked].join(' '))
    if (wanted !== undefined) askForLogin(url, wanted, supported)
    const sent = url.searchParams.get('scope') ?? undefined
    const page = { url, state, refused, signIn: { codeVerifier, discovery, redirectUri, asked: sent } }
    if (this.#attended.isAttended) this.#attended.add(page)
    else await this.#open(page)
  }

  /**
   * Runs `work`, and runs it again after each sign-in that it asks for, at most `most` times. `finish` waits for the
   * browser.
   */
  attend<Result>(work: () => Promise<Result>, most: number, finish: () => Promise<void>): Promise<Result> {
    return this.#attended.run(work, most, async (page) => {
      if (await this.#isDone(page)) return
      await this.#open(page)
      await finish()
    })
  }

  /** Records a request to the MCP server. */
  sent(body: unknown, response: Promise<Response>): void {
    this.#attended.sent(body, response)
  }

  async #open({ url, state, signIn }: Page): Promise<void> {
    await this.#records.begin(state, signIn)
    await this.#show(url)
    this.#shown++
  }

  /**
   * Returns whether the tokens that the page should bring have arrived already: another call, here or in another
   * process, asked for them too.
   */
  async #isDone({ signIn: { asked = '' }, refused }: Page): Promise<boolean> {
    const tokens = await this.#records.tokens()
    if (tokens === undefined) return false
    const wanted = asked.split(' ').filter((scope) => scope !== '' && !isOfSession(scope))
    // In between, the server may have refused a token of another call. That refusal does not concern this page.
    const isRefused = tokens.access_token === refused.token && refused.lacked.every((scope) => wanted.includes(scope))
    const granted = scopesOf(tokens)
    return !isRefused && wanted.every((scope) => granted.includes(scope))
  }

  /** Returns the sign-in that a browser came back from, and its code. @throws SignInError */
  async finish(parameters: URLSearchParams): Promise<{ pending: SignInUnderWay; code: string; iss?: string }> {
    const pending = await this.#records.take(parameters.get('state') ?? '')
    if (pending === undefined)
      throw new SignInError('unknown_state', 'no sign-in of this user was begun with this state')
    const { authorizationServerMetadata: metadata, authorizationServerUrl } = pending.discovery
    const iss = parameters.get('iss') ?? undefined
    // Checked before all other parameters (RFC 9207 §2.4): the text of another server must not be repeated.
    validateAuthorizationResponseIssuer({
      iss,
      expectedIssuer: metadata?.issuer,
      issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
    })
    checkRedirectUsed(pending.redirectUri, metadata?.issuer ?? authorizationServerUrl, parameters)
    const error = parameters.get('error')
    if (error !== null) throw new SignInError('refused', refusalOf(error, pending))
    const code = parameters.get('code')
    if (code === null) throw new SignInError('refused', 'the authorization server sent no code')
    return { pending, code, ...(iss !== undefined && { iss }) }
  }
}

/**
 * Refuses an address of another server: several issuers may be discovered at the same time, and their addresses must
 * not mix.
 */
function refuseOtherServer(url: URL, { authorizationServerMetadata }: OAuthDiscoveryState, clientId: string): void {
  const endpoint = new URL(authorizationServerMetadata?.authorization_endpoint ?? 'about:blank')
  const isEndpoint = endpoint.origin === url.origin && endpoint.pathname === url.pathname
  if (isEndpoint && url.searchParams.get('client_id') === clientId) return
  throw new InvalidResponseError('a sign-in was begun with the address or the client of another authorization server')
}

/**
 * Returns the error's code. If the error concerns the resource or the scopes, also returns those that were asked for.
 */
function refusalOf(error: string, { discovery, asked }: SignInUnderWay): string {
  const { resource } = discovery.resourceMetadata ?? {}
  const subject = error === 'invalid_target' ? resource : error === 'invalid_scope' ? asked : undefined
  const refused = `the authorization server refused: ${JSON.stringify(error)}`
  if (subject === undefined) return refused
  return `${refused}. The sign-in asked for ${JSON.stringify(subject)}: check that the server knows it, exactly like that`
}
