import type { Caller } from './events.ts'
import { API, APP, type Issuer } from './issuer.ts'

/** One login of one person, and the token that the app holds of it. */
export interface Login {
  readonly caller: Caller
  readonly token: string
  /** What the token endpoint answered. An app keeps it once: each refresh token in it is good for one use. */
  readonly response: { readonly refresh_token: string }
}

/** The people of this world, and their logins. */
export class People {
  readonly #issuer: Issuer
  readonly #logins = new Map<string, Login[]>()
  /** Those whose answer the app has kept: a refresh token is good for one use. */
  readonly #used = new Set<Login>()
  #sessions = 0

  constructor(issuer: Issuer) {
    this.#issuer = issuer
  }

  /** @param saysWhen - Whether the token says when its user logged in. */
  logIn(who: string, saysWhen: boolean): Login {
    const authTime = saysWhen ? this.#issuer.now() : undefined
    const login = this.#issue(who, 'user', 'agent', `session-${++this.#sessions}`, { authTime })
    this.#kept(who).push(login)
    return login
  }

  /** A new token of the newest login: a refresh proves nothing new where the token says when the user logged in. */
  refresh(who: string): void {
    const { caller, token } = this.login(who)
    const authTime = this.#issuer.whatIs(token)?.authTime
    if (authTime === undefined) return
    this.#kept(who).push(this.#issue(who, 'user', 'agent', caller.session, { authTime, provenAt: caller.provenAt }))
  }

  /** A login that the app keeps: a new one, or the oldest whose answer it has not used. */
  toKeep(who: string, isOld: boolean): Login {
    const old = isOld ? this.#kept(who).find((login) => !this.#used.has(login)) : undefined
    const login = old ?? this.logIn(who, true)
    this.#used.add(login)
    return login
  }

  /** The newest login, or the first. */
  login(who: string, which: 'newest' | 'oldest' = 'newest'): Login {
    const kept = this.#kept(who)
    return kept.at(which === 'newest' ? -1 : 0) ?? this.logIn(who, true)
  }

  /** A token by which an agent acts for the user, or one of another client, in the newest session. */
  foreign(who: string, kind: 'agent' | 'mobile'): Login {
    const { caller, token } = this.login(who)
    const authTime = this.#issuer.whatIs(token)?.authTime
    const proof = authTime === undefined ? {} : { authTime, provenAt: caller.provenAt }
    return kind === 'mobile'
      ? this.#issue(who, 'user', 'mobile', caller.session, proof)
      : this.#issue(who, 'agent helper', 'agent', caller.session, proof)
  }

  /** A token for the API, approved for one payment (RFC 9396). */
  approved(who: string, amount: number): string {
    const details = [{ type: 'payment', amount }]
    return this.#issuer.issue({ subject: who, client: 'agent', audience: API, scopes: ['orders'], details })
  }

  #kept(who: string): Login[] {
    const kept = this.#logins.get(who) ?? []
    this.#logins.set(who, kept)
    return kept
  }

  /** @param proof - `provenAt`, true time: when the user logged in; now, where nothing is said. */
  #issue(
    subject: string,
    kind: string,
    client: string,
    session: string,
    { authTime, provenAt = this.#issuer.trueNow() }: { authTime?: number | undefined; provenAt?: number },
  ): Login {
    const facts = {
      subject,
      client,
      session,
      audience: APP,
      scopes: ['openid'],
      ...(kind.startsWith('agent') && { actor: 'helper' }),
      ...(authTime !== undefined && { authTime }),
    }
    const token = this.#issuer.issue(facts)
    const response = this.#issuer.loginResponse(token, facts)
    return { token, response, caller: { subject, kind, client, session, provenAt } }
  }
}
