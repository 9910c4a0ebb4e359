import { clock, concerns, type Of } from './facts.ts'
import type { Seen } from './seen.ts'

/** Promises 12, 14, 15 and 18: orders at an API of the app, kept sessions, refresh tokens and operators. */
export class Parts {
  readonly #seen: Seen
  /** Orders by store, subject and key; `status` once their handler has ended. */
  readonly #orders = new Map<string, Of<'order ran'> | Of<'order ended'>>()
  readonly #endedSessions = new Map<string, number>()
  readonly #usedRefreshTokens = new Set<string>()
  /** Operators whose act was written. */
  readonly #recorded = new Set<string>()

  constructor(seen: Seen) {
    this.#seen = seen
  }

  /** Promise 12. */
  orderOnce(event: Of<'order ran'>): void {
    const { store, subject, key, token } = event
    const name = orderName(event)
    if (this.#orders.has(name)) this.#seen.refuse('orderOnce', `the order ${key} of ${subject} runs twice, in ${store}`)
    for (const other of this.#orders.values()) {
      if (token === undefined || other.token !== token || other.store !== store || orderName(other) === name) continue
      const status = 'status' in other ? other.status : 0
      if (status < 400 || status > 499)
        this.#seen.refuse(
          'orderOnce',
          `the approval of the order ${other.key} of ${subject} serves the order ${key} too`,
        )
    }
    this.#orders.set(name, event)
  }

  orderEnded(event: Of<'order ended'>): void {
    this.#orders.set(orderName(event), event)
  }

  /** Promise 14. */
  sessionServes({ kept, by, subject, calledAt }: Of<'session served'>): void {
    const refuse = (why: string) =>
      this.#seen.refuse('sessionEnds', `the session ${kept} of ${by.subject} serves${why}`)
    if (subject !== by.subject) refuse(` ${subject}`)
    const endedAt = this.#endedSessions.get(kept)
    if (endedAt !== undefined && endedAt < calledAt) refuse(`, and ended at ${clock(endedAt)}`)
    const revoked = this.#seen.revocations.find((each) => each.at < calledAt && concerns(each, by))
    if (revoked !== undefined) refuse(`, and was revoked at ${clock(revoked.at)}`)
  }

  sessionEnded({ kept, at }: Of<'session ended'>): void {
    this.#endedSessions.set(kept, at)
  }

  /** Promise 15. */
  sentOnce({ token }: Of<'refresh token used'>): void {
    if (this.#usedRefreshTokens.has(token)) this.#seen.refuse('sentOnce', `${token} is sent again`)
    this.#usedRefreshTokens.add(token)
  }

  written({ operator }: Of<'written'>): void {
    if (operator !== undefined) this.#recorded.add(operator)
  }

  /** Promise 18. */
  onTheRecord({ operator, what }: Of<'operator acted'>): void {
    if (!this.#recorded.has(operator))
      this.#seen.refuse('onTheRecord', `${operator} ${what}, and nothing was written of it`)
  }
}

const orderName = ({ store, subject, key }: Of<'order ran'> | Of<'order ended'>): string =>
  JSON.stringify([store, subject, key])
