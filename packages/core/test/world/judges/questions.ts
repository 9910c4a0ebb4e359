import type { Text } from '../events.ts'
import { isInPerson, isSameText, nameOf, needsApproval, type Of, type Run, textOf } from './facts.ts'
import { type Seen, SLACK } from './seen.ts'

const ONCE_MORE_SECONDS = 60
/** Time from the last look at what was denied until a question is with the person. A no that is given meanwhile is late. Seconds. */
const SENT_MEANWHILE_SECONDS = 5
const ASK_AGAIN_SECONDS = 600
const HOUR_SECONDS = 3600
/** Sends of one owner that a person may leave without an answer, before the owner has to pause. */
const UNANSWERED = 5
/** The shortest pause, less what lies between a decision and its event. Seconds. */
const PAUSE_SECONDS = 30 - SLACK

export interface Yes {
  readonly question: string
  readonly text: Text
  readonly approver: string
  readonly askedAt: number
  /** When the person last got the same question. */
  readonly sentAt: number
  at: number
  servesKey?: string
}

interface Asked {
  readonly at: number
  readonly approver: string
  readonly text: Text
  readonly expiresAt?: number
}

interface No {
  /** Earliest time that the SDK may have for it: when the answer was submitted. */
  readonly at: number
  /** When it was in the store. A process that stood still writes it late. */
  readonly writtenAt: number
  readonly approver: string
  readonly text: Text
}

/** Why a call may not run by a yes. `undefined`: it may. */
export type Objection = (yes: Yes) => string | undefined

/** Promises 4, 6, 9 and 17: who is asked, what they said, and what it serves. */
export class Questions {
  readonly #seen: Seen
  readonly #asked = new Map<string, Asked[]>()
  readonly yeses: Yes[] = []
  #noes: No[] = []
  readonly #cancelled: Of<'cancelled'>[] = []
  readonly #sends: Of<'asked'>[] = []
  /** When an approver answered last, or may have. */
  readonly #answeredAt = new Map<string, number>()

  constructor(seen: Seen) {
    this.#seen = seen
  }

  cancelled(event: Of<'cancelled'>): void {
    this.#cancelled.push(event)
    this.#seen.isTheirs(event.by, this.#asked.get(event.question)?.at(-1)?.text.owner, 'cancels a question')
  }

  /**
   * The yes by which this call may run: of the approver whom its rules name, to its text, and used by no other call. Where
   * there are several, the one that it has used already, else the oldest of those that are good.
   */
  yesFor(call: Of<'called'>, run: Run, at: number, objection: Objection): Yes | undefined {
    const named = this.#seen.named.get(call.call)
    const fits = this.yeses.filter(
      ({ text, approver, servesKey }) =>
        approver === call.rules.approver &&
        isSameText(text, call) &&
        (text.account ?? named) === (named ?? text.account) &&
        (servesKey === undefined || servesKey === run.key),
    )
    const used = fits.filter(({ servesKey }) => servesKey !== undefined).reverse()
    const ordered = [...used, ...fits.filter(({ servesKey }) => servesKey === undefined)]
    const isGood = (yes: Yes) =>
      this.#problemOf(yes, call, at) === undefined &&
      !this.#withdrawnBefore(yes, call, at) &&
      objection(yes) === undefined
    return ordered.find(isGood) ?? ordered.at(-1)
  }

  /** Promise 4. */
  approved(call: Of<'called'>, run: Run, { at }: Of<'began'>, yes: Yes | undefined): void {
    if (!needsApproval(call)) return
    if (yes === undefined) {
      this.#seen.refuse('approved', `${nameOf(call)} runs, and ${call.rules.approver} said no yes to it`)
      return
    }
    yes.servesKey = run.key
    const problem = this.#problemOf(yes, call, at)
    if (problem !== undefined) this.#seen.refuse('approved', `${nameOf(call)} runs by a yes ${problem}`)
    // Promise 17.
    const withdrawn = run.starts.length === 0 && this.#withdrawnBefore(yes, call, at)
    if (withdrawn) this.#seen.refuse('withdrawn', `${nameOf(call)} runs by a question that was cancelled`)
  }

  #withdrawnBefore({ question, askedAt }: Yes, call: Of<'called'>, at: number): boolean {
    const by = this.#seen.lookedAt(call, at)
    return this.#cancelled.some((each) => each.question === question && each.calledAt > askedAt && each.at < by)
  }

  #problemOf(yes: Yes, call: Of<'called'>, at: number): string | undefined {
    const age = at - yes.at
    const tolerance = this.#seen.tolerance()
    if (age > call.rules.useWithin + tolerance) return `that is ${Math.round(age)} s old`
    if (yes.at > yes.askedAt + call.rules.lifetime + tolerance) return 'that was given after the question had ended'
    const by = this.#seen.lookedAt(call, at)
    const revoked = this.#seen.revocations.some(
      (each) => each.subject === yes.approver && each.at > yes.at && each.at < by,
    )
    return revoked ? `of ${yes.approver}, who was revoked after it` : undefined
  }

  answered({ question, by, answer, at, calledAt, isSure, isFalse }: Of<'answered'>): void {
    this.#answeredAt.set(by.subject, at)
    if (isFalse) return
    const seen = this.#seen
    const asked = this.#asked.get(question) ?? []
    const last = asked.at(-1)
    if (!isSure) {
      // The answer may be accepted while its response is lost: then it counts as a yes, and never as a no.
      if (answer === 'yes' && last?.approver === by.subject && isInPerson(by)) this.#saidYes(question, asked, at)
      return
    }
    if (last === undefined) {
      seen.refuse('onlyThePerson', `${by.subject} answers a question that was never asked`)
      return
    }
    seen.onlyThePerson(by, `answers for ${last.approver}`)
    seen.notRevoked(by, calledAt, `answers ${answer}`)
    seen.isTheirs(by, last.approver, 'answers a question')
    const { text, approver, expiresAt = Number.POSITIVE_INFINITY } = last
    if (answer === 'yes' && calledAt > expiresAt + seen.clockError)
      seen.refuse(
        'approved',
        `${by.subject} answers a question that had ended ${Math.round(calledAt - expiresAt)} s ago`,
      )
    if (answer === 'yes') this.#saidYes(question, asked, at)
    else if (answer === 'no') this.#noes.push({ at: calledAt, writtenAt: at, text, approver })
    else this.#noes = this.#noes.filter((no) => !isSameTool(no, last))
  }

  #saidYes(question: string, asked: readonly Asked[], at: number): void {
    // A question that is sent again is the same one, as long as its text and its approver are.
    const first = asked.findLast((each, index) => {
      const before = asked[index - 1]
      return !isSameQuestion(before, each) || this.#isAskedAnew(question, before, each)
    })
    if (first === undefined) return
    const said = this.yeses.find((yes) => yes.question === question && yes.askedAt === first.at)
    if (said === undefined) {
      const { text, approver, at: askedAt } = first
      this.yeses.push({ question, text, approver, askedAt, sentAt: asked.at(-1)?.at ?? askedAt, at })
    } else said.at = at
  }

  /** A cancel was begun between the two: then the second one is a new question. */
  #isAskedAnew(question: string, before: Asked | undefined, { at }: Asked): boolean {
    const from = before?.at ?? 0
    return this.#cancelled.some((each) => each.question === question && each.calledAt >= from && each.calledAt <= at)
  }

  /** Promise 9. */
  asksSomebody(event: Of<'asked'>): void {
    const asked = this.#asked.get(event.question) ?? []
    this.#asked.set(event.question, [...asked, event])
    this.#hasRoom(event)
    // Sent again for lack of an answer: no new question.
    if (isSameQuestion(asked.at(-1), event)) return
    const noes = this.#noes.filter((no) => isSameTool(no, event) && no.writtenAt < event.at - SENT_MEANWHILE_SECONDS)
    const tolerance = this.#seen.tolerance()
    const closesUntil = (kept: readonly No[], atLeast: number, seconds: number): number => {
      const [first, last] = [kept.at(-atLeast), kept.at(-1)]
      if (first === undefined || last === undefined || last.at - first.at > ASK_AGAIN_SECONDS - tolerance) return 0
      return last.at + seconds - tolerance
    }
    const equal = noes.filter(({ text }) => text.amount === event.text.amount)
    const until = Math.max(
      closesUntil(equal, 1, ONCE_MORE_SECONDS),
      closesUntil(equal, 2, ASK_AGAIN_SECONDS),
      closesUntil(noes, 3, ASK_AGAIN_SECONDS),
    )
    if (event.at >= until) return
    const what = textOf(event.text)
    this.#seen.refuse('notWornDown', `${event.approver} is asked again about ${what}, ${noes.length} noes ago`)
  }

  /** What a phone says is heard late, so a person who was asked by phone may have answered. */
  #hasRoom(event: Of<'asked'>): void {
    const { approver, at, text } = event
    const since = Math.max(this.#answeredAt.get(approver) ?? 0, at - HOUR_SECONDS + this.#seen.tolerance())
    const left = this.#sends.filter((each) => each.at > since && isSameTwo(each, event))
    this.#sends.push(event)
    const isByPhone = left.some(({ expiresAt }) => expiresAt === undefined)
    if (isByPhone || left.length < UNANSWERED || at - (left.at(-1)?.at ?? 0) >= PAUSE_SECONDS) return
    this.#seen.refuse(
      'notWornDown',
      `${approver} is asked again for ${text.owner}, and has answered none of the last ${left.length}`,
    )
  }
}

/** Told of by its app, a question keeps its end while it is sent again. */
const isSameQuestion = (a: Asked | undefined, b: Asked): boolean =>
  a !== undefined && a.approver === b.approver && a.expiresAt === b.expiresAt && textOf(a.text) === textOf(b.text)

const isSameTwo = (a: Asked | No, b: Asked | No): boolean => a.approver === b.approver && a.text.owner === b.text.owner

const isSameTool = (a: Asked | No, b: Asked | No): boolean => isSameTwo(a, b) && a.text.tool === b.text.tool
