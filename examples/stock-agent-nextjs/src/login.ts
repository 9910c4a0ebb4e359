import { InvalidTokenError } from '@behalf/core'
import type { Sessions, SignIn, SignInAnswer } from '@behalf/core/identity'
import * as z from 'zod'
import type { Conversations } from './conversations.ts'
import { cookie, readCookie, readCookies } from './cookies.ts'
import type { Settings } from './settings.ts'
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
  readonly signIn: SignIn
  readonly sessions: Sessions
  readonly conversations: Conversations
}

/** State that the app keeps while a login is under way. */
const Aim = z.object({
  /** The visitor who began the login from the app's own page: the conversation there becomes the user's. */
  visitor: z.string().optional(),
  /** The person signs in again, even if the issuer has a login. */
  isFresh: z.boolean().optional(),
})
type Aim = z.infer<typeof Aim>

type SignedIn = Extract<SignInAnswer, { status: 'signed_in' }>

export function createLogin({ settings, signIn, sessions, conversations }: LoginParts): Login {
  const { origin, sessionSeconds } = settings
  return {
    begin(request) {
      const returnTo = new URL(request.url).searchParams.get('returnTo') || '/'
      return send(request, returnTo, { visitor: adopting(request) })
    },
    async end(request) {
      const answer = await signIn.complete(request).catch(() => undefined)
      if (answer?.status !== 'signed_in') return redirect(`${origin}/?login=failed`)
      const aim = Aim.parse(answer.data ?? {})
      const kept = await sessions
        // A new id at each login: an id that was known before opens nothing (session fixation).
        .create(answer.tokens, { nonce: answer.nonce, replaces: sessionsOf(request) })
        .catch((error: unknown) => (isRevoked(error) ? 'revoked' : undefined))
      if (kept === undefined) return redirect(`${origin}/?login=failed`)
      if (kept === 'revoked') {
        // The issuer's login is older than the user's revocation of the agent's access. A new login counts half a
        // minute after it.
        return aim.isFresh
          ? redirect(`${origin}/?login=early`)
          : send(request, answer.returnTo, { ...aim, isFresh: true })
      }
      adopt(request, aim, answer)
      return redirect(
        `${origin}${answer.returnTo}`,
        cookie('session', kept.id, { origin, seconds: sessionSeconds }),
        cookie('visitor', '', { origin, seconds: 0 }),
      )
    },
    async out(request) {
      await endSession(request)
      // Also opens the issuer's logout page: otherwise, in a shared browser, the next click on *Log in* would log in
      // the same user. If the issuer does not answer, the app's login ends anyway.
      const page = await signIn.logoutUrl().catch(() => undefined)
      return redirect(page ?? `${origin}/`, cookie('session', '', { origin, seconds: 0 }))
    },
    async ended(request) {
      await endSession(request)
      return redirect(`${origin}/?access=ended`, cookie('session', '', { origin, seconds: 0 }))
    },
  }

  async function send(request: Request, returnTo: string, { visitor, isFresh }: Aim): Promise<Response> {
    const { url, cookie } = await signIn.start(request, {
      returnTo,
      data: { ...(visitor !== undefined && { visitor }), ...(isFresh && { isFresh }) },
      ...(isFresh && { parameters: { prompt: 'login' } }),
    })
    return redirect(url, cookie)
  }

  /**
   * Returns the visitor whose conversation continues after the login, if they began the login by a click in the app.
   */
  function adopting(request: Request): string | undefined {
    return request.headers.get('sec-fetch-site') === 'same-origin' ? readCookie(request, 'visitor', origin) : undefined
  }

  function adopt(request: Request, { visitor }: Aim, { returnTo, identity }: SignedIn): void {
    const conversation = new URL(returnTo, origin).searchParams.get('c')
    // An attacker set a cookie that changed since the login began, or it is another visitor's.
    if (visitor === undefined || conversation === null || visitor !== readCookie(request, 'visitor', origin)) return
    conversations.adopt(conversation, { from: visitorOwner(visitor), to: userOwner(identity) })
  }

  /** Returns all of them: a second cookie, set by an attacker, must not keep the first one's session alive. */
  function sessionsOf(request: Request): readonly string[] {
    return [...new Set(readCookies(request, 'session', origin).filter((id) => id !== ''))]
  }

  async function endSession(request: Request): Promise<void> {
    await Promise.all(sessionsOf(request).map((id) => sessions.end(id)))
  }
}

const isRevoked = (error: unknown): boolean => error instanceof InvalidTokenError && error.reason === 'inactive'

function redirect(location: string, ...cookies: readonly string[]): Response {
  const headers = new Headers({ location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  for (const one of cookies) headers.append('set-cookie', one)
  return new Response(null, { status: 303, headers })
}
