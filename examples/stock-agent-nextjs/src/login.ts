import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Sessions } from '@behalf/core/identity'
import * as client from 'openid-client'
import type { Conversations } from './conversations.ts'
import { cookie, readCookie } from './cookies.ts'
import { localPath } from './same-site.ts'
import { isLoopback, type Settings } from './settings.ts'
import { userOwner, visitorOwner } from './who-is.ts'

/** The login by authorization code and PKCE, as the app's routes have it. */
export interface Login {
  /** `GET /login`. */
  begin(request: Request): Promise<Response>
  /** `GET /callback`. */
  end(request: Request): Promise<Response>
  /** `POST /logout`, after the caller made sure that the app's own page asks. */
  out(request: Request, to?: '/' | '/?access=ended'): Promise<Response>
}

interface LoginParts {
  readonly settings: Settings
  readonly database: DatabaseSync
  readonly sessions: Sessions
  readonly conversations: Conversations
}

const LOGIN_SECONDS = 600

/** @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-2.1 | RFC 9700 §2.1} */
export function createLogin({ settings, database, sessions, conversations }: LoginParts): Login {
  const { origin, audience, sessionSeconds } = settings
  const insert = database.prepare('INSERT INTO logins VALUES (?, ?, ?, ?, ?, ?)')
  const take = database.prepare(
    'DELETE FROM logins WHERE state = ? RETURNING browser, verifier, nonce, return_to, expires_at',
  )
  const clean = database.prepare('DELETE FROM logins WHERE expires_at < ?')
  const discovered = memo(() => discover(settings))
  return {
    async begin(request) {
      const [state, nonce] = [client.randomState(), client.randomNonce()]
      const [verifier, browser] = [client.randomPKCECodeVerifier(), randomBytes(32).toString('base64url')]
      const returnTo = localPath(new URL(request.url).searchParams.get('returnTo'), origin)
      clean.run(Date.now())
      insert.run(state, digest(browser), verifier, nonce, returnTo, Date.now() + LOGIN_SECONDS * 1000)
      const url = client.buildAuthorizationUrl(await discovered(), {
        redirect_uri: `${origin}/callback`,
        scope: 'openid profile chat',
        resource: audience,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return redirect(url.href, cookie('login', browser, { origin, seconds: LOGIN_SECONDS }))
    },
    async end(request) {
      const { search, searchParams } = new URL(request.url)
      const state = searchParams.get('state') ?? ''
      const row = take.get(state)
      // Begun in another browser, finished before, or too late: nobody is signed in by it.
      if (row === undefined || !isHeldBy(request, String(row.browser)) || Number(row.expires_at) < Date.now()) {
        return redirect(`${origin}/?login=failed`)
      }
      const nonce = String(row.nonce)
      const answer = new URL(`${origin}/callback${search}`)
      const kept = await client
        .authorizationCodeGrant(
          await discovered(),
          answer,
          { pkceCodeVerifier: String(row.verifier), expectedState: state, expectedNonce: nonce, idTokenExpected: true },
          { resource: audience },
        )
        .then((tokens) => sessions.create(tokens, { nonce }))
        .catch(() => undefined)
      if (kept === undefined) return redirect(`${origin}/?login=failed`)
      // A new id at each login: one that was known before opens nothing (session fixation).
      await endSession(request)
      const visitor = readCookie(request, 'visitor', origin)
      if (visitor !== undefined) conversations.adopt(visitorOwner(visitor), userOwner(kept.identity))
      return redirect(
        `${origin}${String(row.return_to)}`,
        cookie('session', kept.id, { origin, seconds: sessionSeconds }),
        cookie('visitor', '', { origin, seconds: 0 }),
        cookie('login', '', { origin, seconds: 0 }),
      )
    },
    async out(request, to = '/') {
      await endSession(request)
      return redirect(`${origin}${to}`, cookie('session', '', { origin, seconds: 0 }))
    },
  }

  async function endSession(request: Request): Promise<void> {
    const id = readCookie(request, 'session', origin)
    if (id !== undefined) await sessions.end(id)
  }

  function isHeldBy(request: Request, browser: string): boolean {
    const held = Buffer.from(digest(readCookie(request, 'login', origin) ?? ''))
    const begun = Buffer.from(browser)
    return held.length === begun.length && timingSafeEqual(held, begun)
  }
}

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
