import type { Bearer, Caller } from '../events.ts'
import { clock, isSameText, nameOf, needsApproval, type Of } from './facts.ts'
import type { Questions, Yes } from './questions.ts'
import type { Runs } from './runs.ts'
import { type Seen, SLACK } from './seen.ts'

/** How long a process may go on with an account that another process disconnected. Seconds. */
const RECHECK_SECONDS = 10

/** Statuses by which an API says that it has surely done nothing. */
const DEFINITE_REFUSALS = new Set([400, 401, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 428, 429, 431])
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Promises 7, 16 and 19: what leaves carries the right token, of the right account. */
export class Credentials {
  readonly #seen: Seen
  readonly #runs: Runs
  readonly #questions: Questions
  /** By the consent behind them. */
  readonly #links = new Map<string, Of<'linked'>>()
  readonly #disconnected: Of<'disconnected'>[] = []
  #chosen: readonly Of<'account chosen'>[] = []

  constructor(seen: Seen, runs: Runs, questions: Questions) {
    this.#seen = seen
    this.#runs = runs
    this.#questions = questions
  }

  sent({ call: number, bearer, method, status }: Of<'sent'>): void {
    const call = this.#seen.callOf(number)
    this.#rightToken(call, bearer)
    const link = this.#links.get(bearer.grant ?? '')
    if (link !== undefined) this.#ownAccount(call, link)
    if (link !== undefined) this.#sameAccount(call, link)
    if (SAFE_METHODS.has(method) || (status !== undefined && DEFINITE_REFUSALS.has(status))) return
    this.#runs.mayHaveActed(number)
  }

  /** Promise 7. */
  #rightToken(call: Of<'called'>, bearer: Bearer): void {
    const refuse = (what: string) => this.#seen.refuse('rightToken', `${nameOf(call)} sends a token ${what}`)
    const allowed = needsApproval(call) || call.rules.limit === undefined ? call.rules.scopes : call.rules.exemptScopes
    // What the user agreed to, for a job.
    const { scopes: agreed = allowed } = this.#seen.jobs.get(call.caller.job ?? '') ?? {}
    const surplus = bearer.scopes.filter((scope) => !(allowed.includes(scope) && agreed.includes(scope)))
    if (surplus.length > 0) refuse(`with the scopes ${surplus}`)
    const [, actor] = /^agent (.+)$/.exec(call.caller.kind) ?? []
    if (bearer.subject !== call.caller.subject || (bearer.grant === undefined && bearer.actor !== actor))
      refuse(`of ${bearer.subject}, by ${bearer.actor}`)
    if (bearer.audience !== call.rules.audience) refuse(`for ${bearer.audience}`)
    const isDetailed = call.rules.detailed && needsApproval(call)
    if (!(bearer.details?.every(({ amount }) => amount === call.amount) ?? !isDetailed))
      refuse(`for ${JSON.stringify(bearer.details)}`)
  }

  /** Promise 16. */
  linked(link: Of<'linked'>): void {
    const what = `links the account ${link.account}`
    this.#seen.onlyThePerson(link.by, what)
    this.#seen.notRevoked(link.by, link.calledAt, what)
    if (link.begunBy !== link.by.subject)
      this.#seen.refuse('ownAccount', `${link.by.subject} ${what}, to which ${link.begunBy} agreed`)
    this.#links.set(link.grant, link)
  }

  wasDisconnected(event: Of<'disconnected'>): void {
    const { by, calledAt, subject } = event
    if (by !== undefined) {
      this.#seen.onlyThePerson(by, 'disconnects an account')
      this.#seen.notRevoked(by, calledAt, 'disconnects an account')
      if (by.subject !== subject) this.#seen.refuse('ownAccount', `${by.subject} disconnects an account of ${subject}`)
    }
    this.#disconnected.push(event)
  }

  #ownAccount(call: Of<'called'>, link: Of<'linked'>): void {
    const found = this.#disconnected.find(
      ({ subject, account = link.account, calledAt, at, process }) =>
        subject === link.by.subject &&
        account === link.account &&
        calledAt > link.at &&
        call.at > at + (process === call.process ? 0 : RECHECK_SECONDS),
    )
    if (found === undefined) return
    this.#seen.refuse(
      'ownAccount',
      `${nameOf(call)} sends a token of the account ${link.account}, which was disconnected at ${clock(found.at)}`,
    )
  }

  /** Promise 19. */
  #sameAccount(call: Of<'called'>, { account }: Of<'linked'>): void {
    const start = this.#runs.startOf.get(call.call)
    if (start === undefined) return
    const wrong = (why: string) =>
      this.#seen.refuse('sameAccount', `${nameOf(call)} is sent with the account ${account}, ${why}`)
    if (start.account !== undefined && start.account !== account) wrong(`and before with ${start.account}`)
    start.account = account
    if (start.named !== undefined && start.named !== account) wrong(`and the app named ${start.named}`)
    const run = [...this.#runs.runs.values()].find(({ starts }) => starts.includes(start))
    if (run === undefined) return
    const doubtful = run.starts.find((each) => each.state === 'in doubt' && (each.account ?? account) !== account)
    if (doubtful !== undefined) wrong(`and is in doubt with ${doubtful.account}`)
    if (!needsApproval(call) || start.named !== undefined) return
    const served = this.#questions.yeses.filter((yes) => yes.at <= start.at && isSameText(yes.text, call))
    const asked = served.map((yes) => this.#chosenFor(yes, call) ?? account)
    if (asked.length > 0 && !asked.includes(account)) wrong(`and the person was asked about ${asked}`)
  }

  wasChosen(event: Of<'account chosen'>): void {
    const { by, calledAt, isSure, account, at } = event
    const others = this.#chosen.filter((each) => each.calledAt !== calledAt || !isOf(each.by, by))
    // What is not sure may still happen, at any time.
    this.#chosen = [...others, { ...event, at: isSure ? at : Number.POSITIVE_INFINITY }]
    if (!isSure || account === undefined) return
    this.#seen.onlyThePerson(by, 'chooses an account')
    this.#seen.notRevoked(by, calledAt, 'chooses an account')
  }

  /** The account that a user had surely chosen when a question was drawn: nothing else that may change it happened. */
  #chosenFor({ askedAt, sentAt }: Yes, { caller, rules }: Of<'called'>): string | undefined {
    // Perhaps a process drew it that died, or stood still, and the question went out later.
    const isLate = this.#seen.stalls.some((at) => at > askedAt - rules.lifetime && at <= sentAt)
    const last = this.#chosen.findLast(({ by, at }) => by.subject === caller.subject && at < askedAt - SLACK)
    if (rules.account !== 'chosen by the user' || isLate || last === undefined) return undefined
    const changes = [...this.#chosen, ...this.#links.values(), ...this.#disconnected].filter((each) => each !== last)
    const isOther = changes.some(({ by, calledAt, at }) => isOf(by, caller) && at > last.calledAt && calledAt <= sentAt)
    return isOther ? undefined : last.account
  }
}

/** Without `by`, it may be anybody's. */
const isOf = (by: Caller | undefined, { subject }: Caller): boolean => by === undefined || by.subject === subject
