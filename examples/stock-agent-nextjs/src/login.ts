import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { InvalidTokenError } from '@behalf/core'
import type { Sessions } from '@behalf/core/identity'
import * as client from 'openid-client'
import type { Conversations } from './conversations.ts'
import { cookie, readCookie, readCookies } from './cookies.ts'
import { localPath } from './same-site.ts'
import { isLoopback, type Settings } from './settings.ts'
import { userOwner, visitorOwner } from './who-is.ts'

/** The login by authorization code and PKCE, as the app's routes have it. */
export interface Login {
  /** `GET /login`. */
  begin(request: Request): Promise<Response>
  /** `GET /callback`. */
  end(request: Request): Promise<Response>
  /** `POST /logout`, after the caller made sure that the app's own page asks: ends the app's login, then the issuer's. */
  out(request: Request): Promise<Response>
  /** Ends only the app's login, and tells the person that access has ended. */
  ended(request: Request): Promise<Response>
}

interface LoginParts {
  readonly settings: Settings
  readonly database: DatabaseSync
  readonly sessions: Sessions
  readonly conversations: Conversations
}

const LOGIN_SECONDS = 600

/** Target of a login. */
interface Aim {
  readonly returnTo: string
  /** The visitor and the conversation in which they began the login, from the app's own page. */
  readonly adopts?: { readonly visitor: string; readonly conversation: string } | undefined
  /** The person signs in again, even if the issuer has a login. */
  readonly isFresh?: boolean
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-2.1 | RFC 9700 §2.1} */
export function createLogin({ settings, database, sessions, conversations }: LoginParts): Login {
  const { origin, audience, sessionSeconds } = settings
  const insert = database.prepare('INSERT INTO logins VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const take = database.prepare('DELETE FROM logins WHERE state = ? RETURNING *')
  const clean = database.prepare('DELETE FROM logins WHERE expires_at < ?')
  const discovered = memo(() => discover(settings))
  return {
    begin(request) {
      const returnTo = localPath(new URL(request.url).searchParams.get('returnTo'), origin)
      return send({ returnTo, adopts: adoptable(request, returnTo) })
    },
    async end(request) {
      const { search, searchParams } = new URL(request.url)
      const state = searchParams.get('state') ?? ''
      const row = take.get(state)
      // Begun in another browser, finished before, or too late: the answer signs no user in.
      if (row === undefined || !isHeldBy(request, String(row.browser)) || Number(row.expires_at) < Date.now()) {
        return redirect(`${origin}/?login=failed`)
      }
      const { nonce, returnTo, adopts, isFresh } = begunIn(row)
      const answer = new URL(`${origin}/callback${search}`)
      const kept = await client
        .authorizationCodeGrant(
          await discovered(),
          answer,
          { pkceCodeVerifier: String(row.verifier), expectedState: state, expectedNonce: nonce, idTokenExpected: true },
          { resource: audience },
        )
        .then((tokens) => sessions.create(tokens, { nonce }))
        .catch((error: unknown) => (isRevoked(error) ? 'revoked' : undefined))
      if (kept === undefined) return redirect(`${origin}/?login=failed`)
      if (kept === 'revoked') {
        // The issuer's login is older than the user's revocation of the agent's access. A new login counts half a
        // minute after it.
        return isFresh ? redirect(`${origin}/?login=early`) : send({ returnTo, adopts, isFresh: true })
      }
      // A new id at each login: an id that was known before opens nothing (session fixation).
      await endSession(request)
      // An attacker set a cookie that changed since the login began, or it is another visitor's.
      if (adopts !== undefined && adopts.visitor === readCookie(request, 'visitor', origin)) {
        conversations.adopt(adopts.conversation, { from: visitorOwner(adopts.visitor), to: userOwner(kept.identity) })
      }
      return redirect(
        `${origin}${returnTo}`,
        cookie('session', kept.id, { origin, seconds: sessionSeconds }),
        cookie('visitor', '', { origin, seconds: 0 }),
        cookie('login', '', { origin, seconds: 0 }),
      )
    },
    async out(request) {
      await endSession(request)
      return redirect(await afterLogout(), cookie('session', '', { origin, seconds: 0 }))
    },
    async ended(request) {
      await endSession(request)
      return redirect(`${origin}/?access=ended`, cookie('session', '', { origin, seconds: 0 }))
    },
  }

  async function send({ returnTo, adopts, isFresh = false }: Aim): Promise<Response> {
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const [verifier, browser] = [client.randomPKCECodeVerifier(), randomBytes(32).toString('base64url')]
    const expiresAt = Date.now() + LOGIN_SECONDS * 1000
    const { visitor = null, conversation = null } = adopts ?? {}
    clean.run(Date.now())
    insert.run(state, digest(browser), verifier, nonce, returnTo, expiresAt, visitor, conversation, Number(isFresh))
    const url = client.buildAuthorizationUrl(await discovered(), {
      redirect_uri: `${origin}/callback`,
      scope: 'openid profile chat',
      resource: audience,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...(isFresh && { prompt: 'login' }),
    })
    return redirect(url.href, cookie('login', browser, { origin, seconds: LOGIN_SECONDS }))
  }

  /**
   * Returns the conversation to which the login would lead back, if its own visitor began the login by a click in the
   * app.
   */
  function adoptable(request: Request, returnTo: string): Aim['adopts'] {
    const visitor = readCookie(request, 'visitor', origin)
    const conversation = new URL(returnTo, origin).searchParams.get('c')
    if (request.headers.get('sec-fetch-site') !== 'same-origin' || visitor === undefined || conversation === null) {
      return undefined
    }
    return { visitor, conversation }
  }

  /**
   * Returns the issuer's page that ends its own login and leads back. Without it, in a shared browser, the next click
   * on *Log in* would log in the same user. An issuer without such a page, or one that does not answer, does not keep
   * the app's login alive.
   * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | RP-Initiated Logout 1.0 §2}
   */
  async function afterLogout(): Promise<string> {
    const front = `${origin}/`
    const configuration = await discovered().catch(() => undefined)
    if (configuration?.serverMetadata().end_session_endpoint === undefined) return front
    return client.buildEndSessionUrl(configuration, { post_logout_redirect_uri: front }).href
  }

  async function endSession(request: Request): Promise<void> {
    // Ends all of them: a second cookie, set by an attacker, must not keep the first one's session alive.
    const ids = new Set(readCookies(request, 'session', origin).filter((id) => id !== ''))
    await Promise.all([...ids].map((id) => sessions.end(id)))
  }

  function isHeldBy(request: Request, browser: string): boolean {
    const held = Buffer.from(digest(readCookie(request, 'login', origin) ?? ''))
    const begun = Buffer.from(browser)
    return held.length === begun.length && timingSafeEqual(held, begun)
  }
}

function begunIn(row: Readonly<Record<string, unknown>>): Aim & { readonly nonce: string } {
  const { nonce, return_to: returnTo, visitor, conversation, is_fresh: isFresh } = row
  const adopts = visitor === null ? undefined : { visitor: String(visitor), conversation: String(conversation) }
  return { nonce: String(nonce), returnTo: String(returnTo), adopts, isFresh: Number(isFresh) === 1 }
}

const isRevoked = (error: unknown): boolean => error instanceof InvalidTokenError && error.reason === 'inactive'

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

function discover({ issuer, clientId, clientSecret }: Settings): Promise<client.Configuration> {
  const options = isLoopback(issuer) ? { execute: [client.allowInsecureRequests] } : {}
  return client.discovery(new URL(issuer), clientId, {}, client.ClientSecretBasic(clientSecret), options)
}

/** Once, unless it failed. */
function memo<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}

function redirect(location: string, ...cookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  for (const one of cookies) headers.append('set-cookie', one)
  return new Response(null, { status: 303, headers })
}
