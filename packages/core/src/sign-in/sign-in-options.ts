import type { Json, UserIdentity } from '../base/contract/index.ts'
import type { Fetch, Store } from '../base/ports.ts'
import type { SignRequestOptions } from '../oauth/client/sign-request.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationRefusal } from '../oauth/requests/authorization-response.ts'
import type { RequestOptions, SurroundingsOptions, TokenResponse } from '../oauth/server.ts'
import type { StoreKeys } from '../records/index.ts'
import type { EndedSession } from './sessions.ts'

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
