import type { Caller } from '../events.ts'
import { clock, concerns, isInPerson, kindOf, type Of, type Revocation, type Unjustified } from './facts.ts'

/** Clocks of the app's machines and of the issuer may differ by so much. Seconds. */
const SKEW = 30
/** What happens between a decision and its event takes time too. Seconds. */
export const SLACK = 15
/** Time from the last look at a run and at its people until its body begins. Seconds. */
const LAST_LOOK_SECONDS = 2
/** How long a process may go on after an operation that failed or was slow. Seconds. */
const LATE_SECONDS = 10

/** How a call ended for who made it. */
export type Ended = Of<'outcome'>

/** What several judges need to know, and the promises that they share: 5, 6 and 10. */
export class Seen {
  readonly unjustified: Unjustified[] = []
  readonly calls = new Map<number, Of<'called'>>()
  /** Calls that have ended for who made them. */
  readonly ended = new Map<number, Ended>()
  readonly dead = new Set<string>()
  readonly revocations: Revocation[] = []
  readonly jobs = new Map<string, Of<'job created'>>()
  /** When a process died or was taken for dead. */
  readonly stalls: number[] = []
  /** Which account the app named last for a call. */
  readonly named = new Map<number, string | undefined>()
  readonly #tokens: string[] = []
  readonly #late: { readonly process: string; readonly until: number }[] = []
  /** The slow operation of each process that ended last. */
  readonly #slow = new Map<string, { readonly at: number; readonly seconds: number }>()
  /** How wrong the clocks have been at most, so far. Seconds. */
  clockError = 0
  /** Nothing outside of the SDK has failed, was slow, or was changed. */
  isCalm = true

  refuse(promise: string, why: string): void {
    this.unjustified.push({ promise, why })
  }

  tolerance(): number {
    return SKEW + SLACK + this.clockError
  }

  callOf(number: number): Of<'called'> {
    const call = this.calls.get(number)
    if (call === undefined) throw new Error(`the world tells of the call ${number}, which was not made`)
    return call
  }

  troubled({ at, process, seconds = LATE_SECONDS }: Of<'trouble'>): void {
    this.isCalm = false
    if (process !== undefined) this.#late.push({ process, until: at + seconds })
  }

  wasSlow({ process, at, seconds }: Of<'was slow'>): void {
    this.#slow.set(process, { at, seconds })
  }

  /** Names are read at once: what was read first is older where the last read was slow. @returns seconds */
  slowUntil({ process }: Of<'called'>, at: number): number {
    const slow = this.#slow.get(process)
    return slow?.at === at ? slow.seconds : 0
  }

  /** What was written by this time had to be known to a body that begins. */
  lookedAt(call: Of<'called'>, beganAt: number): number {
    const since = beganAt - LAST_LOOK_SECONDS
    const isLate = this.#late.some(({ process, until }) => process === call.process && until > since)
    return isLate ? call.at : Math.max(call.at, since)
  }

  /** Promise 5. @param seconds - For how long the process may not know of it. */
  notRevoked(caller: Caller, calledAt: number, what: string, seconds = 0): void {
    const found = this.revocations.find((each) => each.at + seconds < calledAt && concerns(each, caller))
    if (found === undefined) return
    this.refuse(
      'notRevoked',
      `${caller.subject} (${kindOf(caller)}, proven at ${clock(caller.provenAt)}) ${what}, and was revoked at ${clock(found.at)}`,
    )
  }

  /** Promise 6. */
  onlyThePerson(by: Caller, what: string): void {
    if (isInPerson(by)) return
    this.refuse('onlyThePerson', `${by.kind} of the client ${by.client} ${what}, and not ${by.subject} in person`)
  }

  /** Promise 6. */
  isTheirs(by: Caller | undefined, owner: string | undefined, what: string): void {
    if (by !== undefined && by.subject !== owner) this.refuse('onlyThePerson', `${by.subject} ${what} of ${owner}`)
  }

  issued(token: string): void {
    this.#tokens.push(token)
  }

  /** Promise 10. */
  noSecret(where: string, words: string): void {
    const found = this.#tokens.find((token) => words.includes(token))
    if (found !== undefined) this.refuse('noSecret', `${where} holds a token`)
  }
}
