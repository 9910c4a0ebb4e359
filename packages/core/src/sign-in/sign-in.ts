import * as z from 'zod/mini'
import type { Json, UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError, InvalidTokenError } from '../base/errors/index.ts'
import { type Fetch, type Store, TOLERANCE_SECONDS } from '../base/ports.ts'
import {
  checkOptions,
  copyOf,
  defined,
  equalSecrets,
  kinds,
  needed,
  originList,
  randomSecret,
  scopeList,
  sha256,
  snapshot,
} from '../base/values/index.ts'
import { revealToken } from '../credential/index.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { verifyTokenResponse } from '../identity/verify-token-response.ts'
import { isLoginAsAsked } from '../identity/wire.ts'
import { requestKey, type SignRequestOptions, signingKeyOf, signRequest } from '../oauth/client/sign-request.ts'
import { ConnectedServer } from '../oauth/connect-authorization-server.ts'
import { type Profile, requireProfile } from '../oauth/profiles/profile.ts'
import {
  type AuthorizationRefusal,
  browserUrl,
  ownParameters,
  readAuthorizationResponse,
} from '../oauth/requests/authorization-response.ts'
import {
  type ReceivedTokens,
  type RequestOptions,
  type SurroundingsOptions,
  surroundingsOf,
  type TokenResponse,
} from '../oauth/server.ts'
import { documentsOf } from '../oauth/server-documents.ts'
import { orRevoked, revokeTokens } from '../oauth/tokens/release-token.ts'
import { Collection, openStoreKeys, type StoreKeys } from '../records/index.ts'
import { appUrl, browserCookie, localPath, readCookie, setCookie } from './browser.ts'
import type { EndedSession } from './sessions.ts'
import { fetchWith, requestUserInfo, usableToken } from './user-info.ts'

/** The client's registration at the server, and the store of the sign-ins that are under way. */
export interface SignInOptions extends SurroundingsOptions {
  /** Profile of the server at which users sign in: the guard's own, so that its keys are given once. */
  readonly authorizationServer: Profile
  /** Stores each sign-in for ten minutes. Every process of the app must reach it. */
  readonly store: Store
  /** The guard's keys. Required with a durable store. */
  readonly keys?: StoreKeys | undefined
  /** Address of the app's callback, exactly as registered. No other server may send browsers there. */
  readonly redirectUri: string
  /** Scopes to request; `openid` is always one of them. @default ['openid'] */
  readonly scopes?: readonly string[] | undefined
  /** API of the access token, in the profile's own parameter. @default the server's choice */
  readonly resource?: string | undefined
  /** Whether the request is sent to the server first (RFC 9126). @default true where the server requires it */
  readonly pushRequest?: boolean | undefined
  /** Sends a signed request object (RFC 9101). `true` signs by the profile's `private_key_jwt` key. @default false */
  readonly signRequest?: boolean | SignRequestOptions | undefined
}

/** Options of one sign-in. */
export interface StartSignInOptions extends RequestOptions {
  /** Path of the app to return to. May come from the request: a place elsewhere becomes `/`. @default '/' */
  readonly returnTo?: string | undefined
  /** Data of the app that the callback gets back. Sealed in the store. */
  readonly data?: Json | undefined
  /** Required values of `acr`, in order of preference. A sign-in at any other level is refused. */
  readonly acrValues?: readonly string[] | undefined
  /** Maximum age of the login, in seconds. A sign-in by an older login is refused. */
  readonly maxAgeSeconds?: number | undefined
  /** Other parameters of the request, such as `prompt`, `login_hint` and `ui_locales`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** A sign-in that was started: redirect the browser to `url`, and set `cookie`. */
export interface StartedSignIn {
  /** For this browser only. Do not log it. */
  readonly url: string
  /** Value for `Set-Cookie`. The callback gets no user without this cookie. */
  readonly cookie: string
}

/** End of a sign-in. */
export type SignInAnswer =
  | {
      readonly status: 'signed_in'
      /** The verified user, with the access token behind them. */
      readonly identity: UserIdentity
      /** Tokens of the answer, for `sessions.create`. Not enumerable. Secret. */
      readonly tokens: TokenResponse
      /** Nonce that the id_token repeats, for `sessions.create`. */
      readonly nonce: string
      /** Path of the app. */
      readonly returnTo: string
      readonly data?: Json
    }
  | ({
      readonly status: 'refused'
      /** Path of the app. */
      readonly returnTo: string
      readonly data?: Json
    } & AuthorizationRefusal)
  | {
      readonly status: 'refused'
      /** `unknown_state`: never started here, finished before, or too old. `other_browser`: started in another one. */
      readonly reason: 'unknown_state' | 'other_browser'
      /** For operators. */
      readonly detail: string
      readonly returnTo: '/'
    }

/** Options of {@link SignIn.logoutUrl}. */
export interface LogoutOptions extends RequestOptions {
  /** Result of `sessions.end`. Its id_token tells the server whose login to end, so that it need not ask. */
  readonly ended?: EndedSession | undefined
  /** User who signs out, for an app that does not use `createSessions`: as `ended`, by the id_token behind them. */
  readonly identity?: UserIdentity | undefined
  /** Path of the app to return to; the server must have its whole address registered. @default '/' */
  readonly returnTo?: string | undefined
  /** Value that the server passes back with the browser, as `state`. @default none is sent */
  readonly state?: string | undefined
}

/** Options of {@link SignIn.fetchAs}. */
export interface FetchAsOptions {
  /** Exact origins that may see the token, such as `https://api.example.com`. */
  readonly origins: readonly string[]
}

/** Sign-in of an app's users at one authorization server. */
export interface SignIn {
  /**
   * Starts a sign-in.
   * @param request - Request of the browser. Its cookie is used again, so that two tabs do not disturb each other.
   * @throws TransportError The server did not answer. Try again later.
   * @throws OAuthResponseError The server refused the pushed request.
   */
  start(request: Request, options?: StartSignInOptions): Promise<StartedSignIn>
  /**
   * Ends a sign-in: compares state, browser and issuer, redeems the code once, and verifies the id_token.
   * @param request - Request to the redirect URI.
   * @throws InvalidTokenError The answer does not verify, and its tokens were revoked; or the login is too old or too
   * weak. A session that the user has already goes on.
   * @throws OAuthResponseError, InvalidResponseError The server refused the code, or broke its specification.
   * @throws TransportError The server did not answer. Start again.
   */
  complete(request: Request, options?: RequestOptions): Promise<SignInAnswer>
  /**
   * Requests the claims of a user (OpenID Connect Core §5.3) with the access token behind the identity.
   * @returns the claims, whose `sub` is that of the identity.
   * @throws IdentityRequiredError No access token of this server is behind the identity.
   * @throws InvalidTokenError The server refused the token (`inactive`), or the claims are of another user (`subject`).
   * @throws ConfigurationError The server has no UserInfo endpoint.
   */
  userInfo(identity: UserIdentity, options?: RequestOptions): Promise<Readonly<Record<string, unknown>>>
  /**
   * Returns a `fetch` for the user's access token: for the identity of a sign-in, or of a session that was made from it.
   * It sends the token to `origins` only, with a DPoP proof where the token is bound, and sends a request again with the
   * nonce that an API asks for. Follows no redirect and renews no token: `sessions.identity` does.
   * @throws IdentityRequiredError No access token of this server is behind the identity.
   * @throws InvalidTokenError The token is bound to another key than the profile's (`binding`).
   * @throws ConfigurationError `origins` is not a list of exact origins.
   */
  fetchAs(identity: UserIdentity, options: FetchAsOptions): Fetch
  /**
   * Returns the page that ends the login at the server, or `undefined` if the server has none. End the app's own session
   * first.
   * @throws TransportError The server did not answer. The app's own session has ended; the login at the server goes on.
   * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | RP-Initiated Logout 1.0 §2}
   */
  logoutUrl(options?: LogoutOptions): Promise<string | undefined>
}

const optionKinds = { redirectUri: needed(kinds.text), resource: kinds.text, pushRequest: kinds.boolean }
const optionKeys = ['authorizationServer', 'store', 'keys', 'scopes', 'signRequest', 'fetch', 'clock', 'timeoutMs']
const areNames = (value: unknown) => kinds.texts.holds(value) && /^[\x21-\x7e]+$/.test(String(value))
const acrKind = { words: 'one or more names without spaces', holds: areNames }
const startKinds = { returnTo: kinds.text, acrValues: acrKind, maxAgeSeconds: kinds.positiveInteger }

/** Parameters that the sign-in sets itself. */
const reserved: readonly string[] = [
  ...['client_id', 'response_type', 'response_mode', 'redirect_uri', 'scope', 'state', 'nonce', 'code_challenge'],
  ...['code_challenge_method', 'resource', 'dpop_jkt', 'request', 'request_uri', 'acr_values', 'max_age'],
]

/** Time that a person may take at the server, in seconds. */
const SIGN_IN_SECONDS = 600

const text = z.string()
const pendingSignIn = z.object({
  v: z.literal(1),
  /** Keyed hash of the browser's cookie value. */
  browser: text,
  codeVerifier: text,
  nonce: text,
  returnTo: text,
  data: z.optional(z.unknown()),
  acrValues: z.optional(z.array(text)),
  maxAge: z.optional(z.number()),
  /** Sealed: a party that can write to the store can change the store's own expiry. Epoch seconds. */
  expiresAt: z.number(),
})
type PendingSignIn = z.output<typeof pendingSignIn>

/**
 * Signs users in by authorization code, with PKCE, `state` and `nonce` (OpenID Connect Core §3.1).
 *
 * A sign-in is stored, sealed, under its `state`. It ends once, in the browser in which it began, and by the server to
 * which the browser was sent. The app sets a cookie and redirects; the rest happens here. Make one of these for each
 * server, each with its own redirect URI.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-2.1 | RFC 9700 §2.1}
 */
export function createSignIn(given: SignInOptions): SignIn {
  checkOptions('createSignIn', given, optionKinds, optionKeys)
  const where = (name: string) => `createSignIn.${name}`
  const { redirectUri, resource, pushRequest } = given
  const app = appUrl(where('redirectUri'), redirectUri)
  const scope = [...new Set(['openid', ...scopeList(where('scopes'), given.scopes ?? ['openid'])])].join(' ')
  const signingKey = requestKey(where('signRequest'), given.signRequest)
  const surroundings = surroundingsOf('createSignIn', given)
  const { clock, fetch, timeoutMs } = surroundings
  const profile = requireProfile(where('authorizationServer'), given.authorizationServer)
  const server = new ConnectedServer(documentsOf(profile, fetch), surroundings)
  const { issuer, clientId, target, dpop } = profile
  if (resource !== undefined && target === 'scope') {
    throw new ConfigurationError(where('resource'), 'this provider names an API in its scopes: leave it out')
  }
  const key = signingKey && signingKeyOf(where('signRequest'), signingKey, profile)
  const opened = openStoreKeys(given.store, given.keys, 'createSignIn')
  const ends = () => ({ expiresInSeconds: SIGN_IN_SECONDS })
  const pending = new Collection<PendingSignIn>(opened, { kind: 'sign-in', schema: pendingSignIn, ends })
  // A state of another server, client or callback is unknown here, so that servers cannot be mixed up (RFC 9700 §4.4).
  const keyOf = (state: string) => pending.keyOf(issuer, clientId, redirectUri, state)
  const browserHash = (browser: string) => opened.hash(`browser:${browser}`)
  const cookie = browserCookie(app, 'behalf-sign-in')
  const seconds = () => clock.now() / 1000

  function authorizationUrl(parameters: Readonly<Record<string, string>>, options: RequestOptions): Promise<string> {
    const what = 'pushed authorization request'
    return server.post(what, options, async (configuration, library) => {
      const metadata = configuration.serverMetadata()
      browserUrl('authorizationServer', metadata.authorization_endpoint, profile)
      const signed = key && (await signRequest({ client_id: clientId, ...parameters }, key, profile, seconds()))
      const isPushed = pushRequest ?? metadata.require_pushed_authorization_requests === true
      const build = isPushed ? library.buildAuthorizationUrlWithPAR : library.buildAuthorizationUrl
      return (await build(configuration, { client_id: clientId, ...(signed ?? parameters) })).href
    })
  }

  /** Takes a sign-in out of the store. The answer of another browser does not change it. */
  async function claim(request: Request, parameters: URLSearchParams, options: RequestOptions) {
    // RFC 6749 §3.1: no parameter may occur twice.
    const [state, ...more] = parameters.getAll('state')
    const found = state && more.length === 0 ? await pending.find(await keyOf(state)) : undefined
    if (found === undefined || 'unreadable' in found || seconds() >= found.record.expiresAt) return 'unknown_state'
    const browser = await browserHash(readCookie(request, cookie) ?? '')
    if (!(await equalSecrets(found.record.browser, browser))) return 'other_browser'
    const { namesIssuer } = await server.endpoints(options)
    return (await pending.delete(found)) === 'conflict' ? 'unknown_state' : { ...found.record, namesIssuer }
  }

  async function redeem(code: string, begun: PendingSignIn, { signal, timeoutMs: limit }: RequestOptions) {
    const api = target === 'resource' ? { resource } : {}
    const parameters = { code, redirect_uri: redirectUri, code_verifier: begun.codeVerifier, ...api }
    const revoke = (received: ReceivedTokens) => revokeTokens({ of: () => server }, issuer, received)
    const login = await orRevoked(revoke, async (onTokens) => {
      const tokens = await server.grant('authorization_code', parameters, { signal, timeoutMs: limit, onTokens })
      const verification = { authorizationServer: profile, nonce: begun.nonce, fetch, clock, timeoutMs, signal }
      return { tokens, identity: await verifyTokenResponse(tokens, verification) }
    })
    // OpenID Connect Core §3.1.3.7, 12 and 13. The tokens are the user's own, and are dropped: at servers where all logins
    // of a browser share one session, a revocation would end the session that the user has already.
    if (isLoginAsAsked(login.identity, begun, seconds(), TOLERANCE_SECONDS)) return login
    throw new InvalidTokenError('claims', 'the level (acr) or the time (auth_time) of the login is not as requested')
  }

  return {
    async start(request, asked = {}) {
      const data = dataOf(asked.data)
      const options = copyOf(asked)
      checkOptions('start', options, startKinds, ['data', 'parameters', 'signal', 'timeoutMs'])
      const { returnTo = '/', acrValues, maxAgeSeconds } = options
      const parameters = ownParameters('start.parameters', options.parameters ?? {}, reserved)
      const [state, nonce, codeVerifier] = [randomSecret(), randomSecret(), randomSecret()]
      const kept = readCookie(request, cookie) ?? ''
      const browser = /^[\w-]{43}$/.test(kept) ? kept : randomSecret()
      const url = await authorizationUrl(
        {
          ...parameters,
          response_type: 'code',
          redirect_uri: redirectUri,
          scope,
          state,
          nonce,
          code_challenge: await sha256(codeVerifier),
          code_challenge_method: 'S256',
          ...(resource !== undefined && { [target]: resource }),
          ...(acrValues !== undefined && { acr_values: acrValues.join(' ') }),
          ...(maxAgeSeconds !== undefined && { max_age: String(maxAgeSeconds) }),
          // RFC 9449 §10: the code is bound to the key, too.
          ...(dpop !== undefined && { dpop_jkt: dpop.thumbprint }),
        },
        options,
      )
      await pending.create(
        await keyOf(state),
        defined({
          v: 1 as const,
          browser: await browserHash(browser),
          codeVerifier,
          nonce,
          returnTo: localPath(returnTo, app) ?? '/',
          data,
          acrValues: acrValues && [...acrValues],
          maxAge: maxAgeSeconds,
          expiresAt: seconds() + SIGN_IN_SECONDS,
        }),
      )
      return { url, cookie: setCookie(cookie, browser, SIGN_IN_SECONDS) }
    },
    async complete(request, asked = {}) {
      const options = copyOf(asked)
      const parameters = new URL(request.url).searchParams
      const begun = await claim(request, parameters, options)
      if (typeof begun === 'string') {
        return { status: 'refused', reason: begun, detail: 'no sign-in of this browser waits here', returnTo: '/' }
      }
      const { returnTo, data, nonce, namesIssuer } = begun
      const back = { returnTo, ...(data !== undefined && { data: data as Json }) }
      const named = parameters.get('iss')
      const answer = readAuthorizationResponse(parameters, named === null ? !namesIssuer : named === issuer)
      if (!('code' in answer)) return { status: 'refused', ...answer, ...back }
      const { tokens, identity } = await redeem(answer.code, begun, options)
      const signedIn = { status: 'signed_in' as const, identity, nonce, ...back }
      // A log of the answer shows no token.
      return Object.defineProperty(signedIn, 'tokens', { value: tokens }) as typeof signedIn & { tokens: TokenResponse }
    },
    userInfo: (identity, { signal, timeoutMs: limit = timeoutMs } = {}) =>
      requestUserInfo(server, identity, { fetch, clock, timeoutMs: limit, signal }),
    fetchAs(identity, given) {
      checkOptions('fetchAs', given, {}, ['origins'])
      const origins = originList('fetchAs.origins', given.origins)
      return fetchWith(usableToken(identity, profile), { name: 'fetchAs', origins, fetch })
    },
    async logoutUrl(asked = {}) {
      const { ended, identity, returnTo = '/', state, ...options } = copyOf(asked)
      checkOptions('logoutUrl', asked, { state: kinds.text }, ['ended', 'identity', 'returnTo', 'signal', 'timeoutMs'])
      const proof = identity?.issuer === issuer ? subjectTokenOf(identity) : undefined
      const last = ended?.issuer === issuer ? ended.idToken : undefined
      const idToken = last ?? (proof?.type === 'id_token' ? proof.token : proof?.idToken)
      const { endSession } = await server.endpoints(options)
      if (endSession === undefined) return undefined
      const page = browserUrl('authorizationServer', endSession, profile)
      page.searchParams.set('client_id', clientId)
      page.searchParams.set('post_logout_redirect_uri', new URL(localPath(returnTo, app) ?? '/', app.origin).href)
      if (idToken !== undefined) page.searchParams.set('id_token_hint', revealToken(idToken))
      if (state !== undefined) page.searchParams.set('state', state)
      return page.href
    },
  }
}

/** Copies the data of the app before the first wait. @throws ConfigurationError It is no JSON. */
function dataOf(given: unknown): Json | undefined {
  if (given === undefined) return undefined
  const data = snapshot(given)
  if ('value' in data) return data.value
  throw new ConfigurationError('start.data', `must be JSON: ${data.problem}`)
}
