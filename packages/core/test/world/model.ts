/**
 * The promises of the SDK, as an observer of the app can check them. The model sees only what happened, shares no code
 * with the SDK, and asks one question: is this event justified?
 *
 * The promises, each a function below:
 *
 * 1. `sameCallSameKey`: a slot and its raw input have one idempotency key and one input, whatever is deployed, restarted
 *    or random; and one key serves one principal, tool and input.
 * 2. `notAgain`: a body that may have had an effect does not begin again under its key, unless its owner said that it did
 *    not run, or the app asked for such retries. No body begins more than three times by itself.
 * 3. `notBesideDoubt`: while an equal call is running or in doubt, no other one begins, unless a person was asked after
 *    the doubt and said yes.
 * 4. `approved`: where the rules of the call need an approval, the approver whom they name said yes to this text, in time,
 *    for this kind of caller; the yes serves one call; and the approver was not revoked after it.
 * 5. `notRevoked`: a proof that was revoked begins nothing and makes nothing: no body, job, answer, or resolution.
 * 6. `onlyThePerson`: only a person who is here answers, creates jobs and resolves; and only the approver who was asked
 *    answers.
 * 7. `rightToken`: each request carries a token of the caller's user, with the agent that acts for them and no other, for
 *    this API, with no more scopes than the rules of this call allow.
 * 8. `sameResult`: a call that did not run its body is told the result of the run with its key, and only its own kind of
 *    caller is.
 * 9. `notWornDown`: after a no, an equal call is asked once more after 60 s; after a second no, not for ten minutes; after
 *    three noes to one tool, nothing of that tool is, for ten minutes.
 * 10. `noSecret`: no outcome, error, fault or audit event holds a token.
 * 11. `notForEver`: when all is well again, a justified call runs, and every earlier one gets a definite answer.
 * 12. `orderOnce`: at an API of the app, an order runs once under its key, and an approval serves one order, unless the API
 *    refused that one.
 * 13. `refused`: a call that the app must refuse does not begin: without a policy, with a wrong input, of an unverified
 *     identity, of a user without the role, or with scopes above the agent's ceiling.
 * 14. `sessionEnds`: a kept session serves the person who logged in, until it is ended or revoked.
 * 15. `sentOnce`: a refresh token that is good for one use is never sent again after its server has answered it.
 * 16. `ownAccount`: only the person who agreed at the provider links and disconnects an account. Once it is disconnected,
 *     no request carries its token: at once where this was done, and after some seconds in other processes.
 * 17. `withdrawn`: a question that was cancelled serves no call, also where it is answered with a yes.
 * 18. `onTheRecord`: what an operator does was written first, under the operator's name.
 * 19. `sameAccount`: a body gets the token of the account that the person was asked about, or that the app named, and
 *     keeps it. A call that is tried again while it is in doubt has the account of its first try.
 */
import type { Bearer, Caller, Text, WorldEvent } from './events.ts'

/** Why an event is not justified. */
export interface Unjustified {
  readonly promise: string
  readonly why: string
}

/** Clocks of the app's machines and of the issuer may differ by so much. Seconds. */
const SKEW = 30
/** What happens between a decision and its event takes time too. Seconds. */
const SLACK = 15
/** How long a process may not know of a revocation, where nothing durable is at stake. Seconds. */
const REVOCATION_SECONDS = 5
/** Time from the last look at what was revoked until a body begins. Seconds. */
const CLAIM_SECONDS = 0.2
const MAX_STARTS = 3
const IN_DOUBT_SECONDS = 3600
const ONCE_MORE_SECONDS = 60
/** Time from the last look at what was denied until a question is with the person. A no that is given meanwhile is late. Seconds. */
const SENT_MEANWHILE_SECONDS = 5
const ASK_AGAIN_SECONDS = 600
/** How long a process may go on with an account that another process disconnected. Seconds. */
const RECHECK_SECONDS = 10

type Of<Kind extends WorldEvent['kind']> = Extract<WorldEvent, { readonly kind: Kind }>

/** One begin of a body, and what became of it. */
interface Start {
  readonly call: Of<'called'>
  readonly at: number
  /** Writes that left without a definite refusal, and unseen effects of a body. */
  writes: number
  /**
   * `under way`; `harmless`: surely without effect; `in doubt` since `since`: its effect is unknown. `did not run` and
   * `ran` are what the owner said of one in doubt. Two may say it at once, and the last one that holds is sure.
   */
  state: 'under way' | 'harmless' | 'returned' | 'in doubt' | 'did not run' | 'ran'
  since: number
  result?: string | undefined
  /** Someone says that it did not run, and is not told yet whether this holds. */
  isUnsure?: boolean
  /** It returned, and its process died before the call did: what it gave may be stored nowhere. */
  isLost?: boolean
  /** Which linked account the app named for it, and with which one its requests left. */
  readonly named: string | undefined
  account?: string
}

/** All starts of one call, however often it is tried: they have one idempotency key. */
interface Run {
  readonly key: string
  readonly principal: string
  readonly tool: string
  readonly input: string
  readonly starts: Start[]
}

interface Yes {
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
}

interface No {
  /** Earliest time that the SDK may have for it: when the answer was submitted. */
  readonly at: number
  /** When it was in the store. A process that stood still writes it late. */
  readonly writtenAt: number
  readonly approver: string
  readonly text: Text
}

interface Revocation {
  readonly at: number
  readonly subject?: string | undefined
  readonly session?: string | undefined
  readonly job?: string | undefined
}

/** Statuses by which an API says that it has surely done nothing. */
const DEFINITE_REFUSALS = new Set([400, 401, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 416, 417, 428, 429, 431])
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

export class Model {
  readonly unjustified: Unjustified[] = []
  readonly #calls = new Map<number, Of<'called'>>()
  readonly #dead = new Set<string>()
  /** Calls that have ended for who made them. */
  readonly #ended = new Set<number>()
  /** The start of a call's own body, where it began. */
  readonly #startOf = new Map<number, Start>()
  readonly #runs = new Map<string, Run>()
  readonly #keyOfName = new Map<string, string>()
  readonly #asked = new Map<string, Asked[]>()
  readonly #yeses: Yes[] = []
  #noes: No[] = []
  readonly #revocations: Revocation[] = []
  /** Orders by store, subject and key; `status` once their handler has ended. */
  readonly #orders = new Map<string, Of<'order ran'> | Of<'order ended'>>()
  readonly #cancelled: Of<'cancelled'>[] = []
  readonly #endedSessions = new Map<string, number>()
  readonly #usedRefreshTokens = new Set<string>()
  /** By the consent behind them. */
  readonly #links = new Map<string, Of<'linked'>>()
  readonly #disconnected: Of<'disconnected'>[] = []
  #chosen: readonly Of<'account chosen'>[] = []
  /** Which account the app named last for a call. */
  readonly #named = new Map<number, string | undefined>()
  readonly #jobs = new Map<string, Of<'job created'>>()
  readonly #stalls: number[] = []
  /** Operators whose act was written. */
  readonly #recorded = new Set<string>()
  readonly #tokens: string[] = []
  /** How wrong the clocks have been at most, so far. Seconds. */
  #clockError = 0

  observe(event: WorldEvent): void {
    switch (event.kind) {
      case 'called':
        this.#calls.set(event.call, event)
        return
      case 'account named':
        this.#named.set(event.call, event.account)
        return
      case 'began':
        this.#began(event)
        return
      case 'sent':
        this.#sent(event)
        return
      case 'took the raw token':
        this.#mayHaveActed(event.call)
        return
      case 'body ended':
        this.#bodyEnded(event)
        return
      case 'outcome':
        this.#ended.add(event.call)
        this.#noSecret('an outcome', event.words)
        this.#sameResult(event)
        return
      case 'asked':
        this.#asksSomebody(event)
        return
      case 'answered':
        this.#answered(event)
        return
      case 'revoked':
        this.#revocations.push(event)
        return
      case 'job created':
        this.#jobs.set(event.job, event)
        this.#onlyThePerson(event.by, `creates the job ${event.job}`)
        this.#notRevoked(event.by, event.calledAt, `creates the job ${event.job}`)
        return
      case 'job ended':
        this.#revocations.push({ at: event.at, job: event.job })
        this.#isTheirs(event.by, this.#jobs.get(event.job)?.by.subject, 'ends a job')
        return
      case 'resolved':
        this.#resolved(event)
        return
      case 'cancelled':
        this.#cancelled.push(event)
        this.#isTheirs(event.by, this.#asked.get(event.question)?.at(-1)?.text.owner, 'cancels a question')
        return
      case 'operator acted':
        this.#onTheRecord(event)
        return
      case 'session kept':
        this.#notRevoked(event.by, event.calledAt, `keeps the session ${event.kept}`)
        return
      case 'session served':
        this.#sessionServes(event)
        return
      case 'session ended':
        this.#endedSessions.set(event.kept, event.at)
        return
      case 'refresh token used':
        this.#sentOnce(event)
        return
      case 'linked':
        this.#linked(event)
        return
      case 'account chosen':
        this.#wasChosen(event)
        return
      case 'disconnected':
        this.#wasDisconnected(event)
        return
      case 'order ran':
        this.#orderOnce(event)
        return
      case 'order ended':
        this.#orders.set(orderName(event), event)
        return
      case 'died':
      case 'stood still':
        this.#died(event)
        return
      case 'clocks':
        this.#clockError = Math.max(this.#clockError, event.error)
        return
      case 'must run':
      case 'must end':
        this.#notForEver(event)
        return
      case 'written':
        this.#noSecret('what an operator reads', event.words)
        if (event.operator !== undefined) this.#recorded.add(event.operator)
        return
      case 'token issued':
        this.#tokens.push(event.token)
        return
      default:
        event satisfies never
    }
  }

  // The body of a tool began.

  #began(event: Of<'began'>): void {
    const call = this.#callOf(event.call)
    // A process that was killed may go on until its next operation.
    const state = this.#dead.has(call.process) ? 'in doubt' : 'under way'
    const named = this.#named.get(event.call)
    const start: Start = { call, at: event.at, writes: call.rules.unseen ? 1 : 0, state, since: event.at, named }
    this.#startOf.set(event.call, start)
    // Promise 13.
    if (call.refused !== undefined) this.#refuse('refused', `${nameOf(call)} begins, and ${call.refused}`)
    if (this.#jobs.get(call.caller.job ?? '')?.tools?.includes(call.tool) === false)
      this.#refuse('refused', `${nameOf(call)} begins in a job that may not call ${call.tool}`)
    // A write reads what was revoked right before it starts; a read may not know of it for some seconds.
    const [decidedAt, unknown] = call.rules.writes ? [event.at - CLAIM_SECONDS, 0] : [call.at, REVOCATION_SECONDS]
    this.#notRevoked(call.caller, decidedAt, `runs ${nameOf(call)}`, unknown)
    if (!call.rules.writes) return
    const run = this.#sameCallSameKey(call, event)
    this.#notAgain(call, run)
    const yes = this.#yesFor(call, run, event.at)
    this.#notBesideDoubt(call, run, event, yes)
    this.#approved(call, run, event, yes)
    run.starts.push(start)
  }

  /** Promise 1. */
  #sameCallSameKey(call: Of<'called'>, { key, input }: Of<'began'>): Run {
    const name = slotOf(call)
    const known = this.#keyOfName.get(name)
    this.#keyOfName.set(name, known ?? key)
    if (known !== undefined && known !== key)
      this.#refuse('sameCallSameKey', `${nameOf(call)} ran before with another idempotency key`)
    const run = this.#runs.get(key) ?? { key, principal: call.caller.subject, tool: call.tool, input, starts: [] }
    this.#runs.set(key, run)
    if (run.input !== input)
      this.#refuse('sameCallSameKey', `${nameOf(call)} runs ${input}, and ran ${run.input} before`)
    if (run.principal !== call.caller.subject || run.tool !== call.tool)
      this.#refuse('sameCallSameKey', `${nameOf(call)} has the key of a call of ${run.principal}: ${run.tool}`)
    return run
  }

  /** Promise 2. */
  #notAgain(call: Of<'called'>, { starts }: Run): void {
    // A run that its owner reported as not run starts from the beginning.
    const counted = starts.slice(starts.findLastIndex(({ state }) => state === 'did not run') + 1)
    if (counted.length >= MAX_STARTS)
      this.#refuse('notAgain', `${nameOf(call)} begins for the ${starts.length + 1}th time`)
    for (const before of starts) {
      if (before.state === 'harmless' || before.state === 'did not run') continue
      if ((before.state === 'in doubt' || before.isLost === true) && call.rules.retries) continue
      this.#refuse('notAgain', `${nameOf(call)} begins again, and its start at ${clock(before.at)} ${became(before)}`)
    }
  }

  /** Promise 3. Two calls that race each other are two calls: only what began before this one was made counts. */
  #notBesideDoubt(call: Of<'called'>, run: Run, event: Of<'began'>, yes: Yes | undefined): void {
    for (const other of this.#runs.values()) {
      const last = other.starts.at(-1)
      if (other === run || !isEqualCall(other, run) || last === undefined || last.at >= call.at) continue
      if (last.state === 'under way')
        this.#refuse('notBesideDoubt', `${nameOf(call)} begins while an equal call (${last.call.slot}) is running`)
      if (last.state === 'in doubt' && last.since < call.at) this.#toldOfDoubt(call, event, last, yes)
    }
  }

  #toldOfDoubt(call: Of<'called'>, { at }: Of<'began'>, doubtful: Start, yes: Yes | undefined): void {
    if (!this.#needsApproval(call)) {
      if (at >= doubtful.since + IN_DOUBT_SECONDS - this.#tolerance()) return
      this.#refuse('notBesideDoubt', `${nameOf(call)} begins while an equal call (${doubtful.call.slot}) is in doubt`)
      return
    }
    if (yes !== undefined && yes.askedAt >= doubtful.since - this.#tolerance()) return
    this.#refuse('notBesideDoubt', `${nameOf(call)} runs by a yes from before an equal call went in doubt`)
  }

  /** Promise 4. */
  #approved(call: Of<'called'>, run: Run, { at }: Of<'began'>, yes: Yes | undefined): void {
    if (!this.#needsApproval(call)) return
    if (yes === undefined) {
      this.#refuse('approved', `${nameOf(call)} runs, and ${call.rules.approver} said no yes to it`)
      return
    }
    yes.servesKey = run.key
    const problem = this.#problemOf(yes, call, at)
    if (problem !== undefined) this.#refuse('approved', `${nameOf(call)} runs by a yes ${problem}`)
    // Promise 17.
    const withdrawn = run.starts.length === 0 && this.#withdrawnBefore(yes, call)
    if (withdrawn) this.#refuse('withdrawn', `${nameOf(call)} runs by a question that was cancelled`)
  }

  #withdrawnBefore({ question, askedAt }: Yes, call: Of<'called'>): boolean {
    return this.#cancelled.some((each) => each.question === question && each.calledAt > askedAt && each.at < call.at)
  }

  /**
   * The yes by which this call may run: of the approver whom its rules name, to its text, and used by no other call. Where
   * there are several, the one that it has used already, else the oldest of those that are good.
   */
  #yesFor(call: Of<'called'>, run: Run, at: number): Yes | undefined {
    const { rules } = call
    const named = this.#named.get(call.call)
    const fits = this.#yeses.filter(
      ({ text, approver, servesKey }) =>
        approver === rules.approver &&
        isSameText(text, call) &&
        (text.account ?? named) === (named ?? text.account) &&
        (servesKey === undefined || servesKey === run.key),
    )
    const used = fits.filter(({ servesKey }) => servesKey !== undefined).reverse()
    const ordered = [...used, ...fits.filter(({ servesKey }) => servesKey === undefined)]
    const asksAnewSince = Math.max(0, ...this.#equalDoubts(call, run).map(({ since }) => since))
    const isGood = (yes: Yes) =>
      this.#problemOf(yes, call, at) === undefined &&
      !this.#withdrawnBefore(yes, call) &&
      yes.askedAt >= asksAnewSince - this.#tolerance()
    return ordered.find(isGood) ?? ordered.at(-1)
  }

  #equalDoubts(call: Of<'called'>, run: Run): readonly Start[] {
    const others = [...this.#runs.values()].filter((other) => other !== run && isEqualCall(other, run))
    const last = others.flatMap(({ starts }) => starts.slice(-1))
    return last.filter(({ state, since }) => state === 'in doubt' && since < call.at)
  }

  #problemOf(yes: Yes, call: Of<'called'>, at: number): string | undefined {
    const age = at - yes.at
    if (age > call.rules.useWithin + this.#tolerance()) return `that is ${Math.round(age)} s old`
    if (yes.at > yes.askedAt + call.rules.lifetime + this.#tolerance()) {
      return 'that was given after the question had ended'
    }
    const revoked = this.#revocations.find(
      (each) => each.subject === yes.approver && each.at > yes.at && each.at < call.at,
    )
    return revoked && `of ${yes.approver}, who was revoked after it`
  }

  #needsApproval({ rules, amount }: Of<'called'>): boolean {
    return rules.limit !== undefined && amount > rules.limit
  }

  // What leaves, and how a body ends.

  #sent({ call: number, bearer, method, status }: Of<'sent'>): void {
    const call = this.#callOf(number)
    this.#rightToken(call, bearer)
    const link = this.#links.get(bearer.grant ?? '')
    if (link !== undefined) this.#ownAccount(call, link)
    if (link !== undefined) this.#sameAccount(call, link)
    if (SAFE_METHODS.has(method) || (status !== undefined && DEFINITE_REFUSALS.has(status))) return
    this.#mayHaveActed(number)
  }

  /** Promise 7. */
  #rightToken(call: Of<'called'>, bearer: Bearer): void {
    const allowed =
      this.#needsApproval(call) || call.rules.limit === undefined ? call.rules.scopes : call.rules.exemptScopes
    // What the user agreed to, for a job.
    const { scopes: agreed = allowed } = this.#jobs.get(call.caller.job ?? '') ?? {}
    const surplus = bearer.scopes.filter((scope) => !(allowed.includes(scope) && agreed.includes(scope)))
    if (surplus.length > 0) this.#refuse('rightToken', `${nameOf(call)} sends a token with the scopes ${surplus}`)
    const [, actor] = /^agent (.+)$/.exec(call.caller.kind) ?? []
    if (bearer.subject !== call.caller.subject || (bearer.grant === undefined && bearer.actor !== actor))
      this.#refuse('rightToken', `${nameOf(call)} sends a token of ${bearer.subject}, by ${bearer.actor}`)
    if (bearer.audience !== call.rules.audience)
      this.#refuse('rightToken', `${nameOf(call)} sends a token for ${bearer.audience}`)
    const isDetailed = call.rules.detailed && this.#needsApproval(call)
    if (!(bearer.details?.every(({ amount }) => amount === call.amount) ?? !isDetailed))
      this.#refuse('rightToken', `${nameOf(call)} sends a token for ${JSON.stringify(bearer.details)}`)
  }

  #mayHaveActed(call: number): void {
    const start = this.#startOf.get(call)
    if (start !== undefined) start.writes++
  }

  #bodyEnded({ call, how, result, at }: Of<'body ended'>): void {
    const start = this.#startOf.get(call)
    if (start === undefined) return
    start.since = at
    start.result = result
    // Its process is dead already, and what it gave was stored nowhere.
    start.isLost = start.state === 'in doubt'
    if (how === 'returned') start.state = 'returned'
    else start.state = how === 'threw' && start.writes > 0 ? 'in doubt' : 'harmless'
  }

  /** A killed process leaves its bodies in doubt, and so does one that everybody takes for dead. */
  #died({ kind, process, at }: Of<'died'> | Of<'stood still'>): void {
    if (kind === 'died') this.#dead.add(process)
    this.#stalls.push(at)
    for (const [call, start] of this.#startOf) {
      if (start.call.process !== process) continue
      start.isLost = start.state === 'returned' && !this.#ended.has(call)
      if (start.state !== 'under way') continue
      start.state = 'in doubt'
      start.since = at
    }
  }

  /** Promise 8. */
  #sameResult({ call: number, status, result }: Of<'outcome'>): void {
    const call = this.#callOf(number)
    if (status !== 'done' || this.#startOf.has(number) || !call.rules.writes) return
    const key = this.#keyOfName.get(slotOf(call))
    const equal = [...this.#runs.values()].filter(
      ({ principal, tool, starts }) =>
        principal === call.caller.subject &&
        tool === call.tool &&
        starts.some((start) => start.call.amount === call.amount),
    )
    const starts = (key === undefined ? equal : equal.filter((run) => run.key === key)).flatMap((run) => run.starts)
    const told = starts.filter((start) => start.state === 'returned' || start.state === 'ran')
    if (told.length === 0) {
      this.#refuse('sameResult', `${nameOf(call)} is told that it ran, and it did not`)
      return
    }
    if (!told.some((start) => start.state === 'ran' || start.result === result))
      this.#refuse('sameResult', `${nameOf(call)} is told ${result}, which no run of it gave`)
    // A run that has begun serves no slot that comes to it later.
    const first = [...this.#calls.values()].find((each) => slotOf(each) === slotOf(call)) ?? call
    if (!told.some((start) => start.at >= first.at))
      this.#refuse('sameResult', `${nameOf(call)} is told the result of another slot, which had begun before`)
    if (!told.some((start) => start.call.caller.kind === call.caller.kind))
      this.#refuse('sameResult', `${nameOf(call)} is told what another kind of caller did`)
  }

  // People.

  #answered({ question, by, answer, at, calledAt, isSure, isFalse }: Of<'answered'>): void {
    if (isFalse) return
    const asked = this.#asked.get(question) ?? []
    const last = asked.at(-1)
    if (!isSure) {
      // The answer may be accepted while its response is lost: then it counts as a yes, and never as a no.
      if (answer === 'yes' && last?.approver === by.subject && isInPerson(by)) this.#saidYes(question, asked, at)
      return
    }
    if (last === undefined) {
      this.#refuse('onlyThePerson', `${by.subject} answers a question that was never asked`)
      return
    }
    this.#onlyThePerson(by, `answers for ${last.approver}`)
    this.#notRevoked(by, calledAt, `answers ${answer}`)
    this.#isTheirs(by, last.approver, 'answers a question')
    const { text, approver } = last
    if (answer === 'yes') {
      this.#saidYes(question, asked, at)
      return
    }
    if (answer === 'no') this.#noes.push({ at: calledAt, writtenAt: at, text, approver })
    else this.#noes = this.#noes.filter((no) => !isSameTool(no, last))
  }

  #saidYes(question: string, asked: readonly Asked[], at: number): void {
    // A question that is sent again is the same one, as long as its text and its approver are.
    const first = asked.findLast((each, index) => {
      const before = asked[index - 1]
      return !isSameQuestion(before, each) || this.#isAskedAnew(question, before, each)
    })
    if (first === undefined) return
    const said = this.#yeses.find((yes) => yes.question === question && yes.askedAt === first.at)
    if (said === undefined) {
      const { text, approver, at: askedAt } = first
      this.#yeses.push({ question, text, approver, askedAt, sentAt: asked.at(-1)?.at ?? askedAt, at })
    } else said.at = at
  }

  /** A cancel was begun between the two: then the second one is a new question. */
  #isAskedAnew(question: string, before: Asked | undefined, { at }: Asked): boolean {
    const from = before?.at ?? 0
    return this.#cancelled.some((each) => each.question === question && each.calledAt >= from && each.calledAt <= at)
  }

  /** Promise 9. */
  #asksSomebody(event: Of<'asked'>): void {
    const asked = this.#asked.get(event.question) ?? []
    this.#asked.set(event.question, [...asked, event])
    // Sent again for lack of an answer: no new question.
    if (isSameQuestion(asked.at(-1), event)) return
    const noes = this.#noes.filter((no) => isSameTool(no, event) && no.writtenAt < event.at - SENT_MEANWHILE_SECONDS)
    const tolerance = this.#tolerance()
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
    if (event.at < until) {
      this.#refuse(
        'notWornDown',
        `${event.approver} is asked again about ${textOf(event.text)}, ${noes.length} noes ago`,
      )
    }
  }

  /** Promise 6. */
  #onlyThePerson(by: Caller, what: string): void {
    if (isInPerson(by)) return
    this.#refuse('onlyThePerson', `${by.kind} of the client ${by.client} ${what}, and not ${by.subject} in person`)
  }

  #resolved({ key, what, by, at, calledAt, isSure }: Of<'resolved'>): void {
    const run = this.#runs.get(key)
    const isOwner = by === undefined || run?.principal === by.subject
    if (isSure && by !== undefined) {
      this.#onlyThePerson(by, `resolves a run as "${what}"`)
      this.#notRevoked(by, calledAt, `resolves a run as "${what}"`)
      this.#isTheirs(by, run?.principal, 'resolves a run')
    }
    const last = run?.starts.at(-1)
    if (last === undefined || !(last.state === 'in doubt' || last.isUnsure)) return
    if (!isOwner || (by !== undefined && !isInPerson(by)) || (what === 'ran' && !isSure)) return
    last.state = what
    last.isUnsure = !isSure
    last.since = at
  }

  /** Promise 12. */
  #orderOnce(event: Of<'order ran'>): void {
    const { store, subject, key, token } = event
    const name = orderName(event)
    if (this.#orders.has(name)) this.#refuse('orderOnce', `the order ${key} of ${subject} runs twice, in ${store}`)
    for (const other of this.#orders.values()) {
      if (token === undefined || other.token !== token || other.store !== store || orderName(other) === name) continue
      const status = 'status' in other ? other.status : 0
      if (status < 400 || status > 499)
        this.#refuse('orderOnce', `the approval of the order ${other.key} of ${subject} serves the order ${key} too`)
    }
    this.#orders.set(name, event)
  }

  /** Promise 14. */
  #sessionServes({ kept, by, subject, calledAt }: Of<'session served'>): void {
    if (subject !== by.subject) this.#refuse('sessionEnds', `the session ${kept} of ${by.subject} serves ${subject}`)
    const endedAt = this.#endedSessions.get(kept)
    if (endedAt !== undefined && endedAt < calledAt)
      this.#refuse('sessionEnds', `the session ${kept} of ${by.subject} serves, and ended at ${clock(endedAt)}`)
    const revoked = this.#revocations.find((each) => each.at < calledAt && concerns(each, by))
    if (revoked === undefined) return
    this.#refuse('sessionEnds', `the session ${kept} of ${by.subject} serves, and was revoked at ${clock(revoked.at)}`)
  }

  /** Promise 15. */
  #sentOnce({ token }: Of<'refresh token used'>): void {
    if (this.#usedRefreshTokens.has(token)) this.#refuse('sentOnce', `${token} is sent again`)
    this.#usedRefreshTokens.add(token)
  }

  /** Promise 16. */
  #linked(link: Of<'linked'>): void {
    const what = `links the account ${link.account}`
    this.#onlyThePerson(link.by, what)
    this.#notRevoked(link.by, link.calledAt, what)
    if (link.begunBy !== link.by.subject)
      this.#refuse('ownAccount', `${link.by.subject} ${what}, to which ${link.begunBy} agreed`)
    this.#links.set(link.grant, link)
  }

  #wasDisconnected(event: Of<'disconnected'>): void {
    const { by, calledAt, subject } = event
    if (by !== undefined) {
      this.#onlyThePerson(by, 'disconnects an account')
      this.#notRevoked(by, calledAt, 'disconnects an account')
      if (by.subject !== subject) this.#refuse('ownAccount', `${by.subject} disconnects an account of ${subject}`)
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
    this.#refuse(
      'ownAccount',
      `${nameOf(call)} sends a token of the account ${link.account}, which was disconnected at ${clock(found.at)}`,
    )
  }

  /** Promise 19. */
  #sameAccount(call: Of<'called'>, { account }: Of<'linked'>): void {
    const start = this.#startOf.get(call.call)
    if (start === undefined) return
    const wrong = (why: string) =>
      this.#refuse('sameAccount', `${nameOf(call)} is sent with the account ${account}, ${why}`)
    if (start.account !== undefined && start.account !== account) wrong(`and before with ${start.account}`)
    start.account = account
    if (start.named !== undefined && start.named !== account) wrong(`and the app named ${start.named}`)
    const run = [...this.#runs.values()].find(({ starts }) => starts.includes(start))
    if (run === undefined) return
    const doubtful = run.starts.find((each) => each.state === 'in doubt' && (each.account ?? account) !== account)
    if (doubtful !== undefined) wrong(`and is in doubt with ${doubtful.account}`)
    if (!this.#needsApproval(call) || start.named !== undefined) return
    const served = this.#yeses.filter((yes) => yes.at <= start.at && isSameText(yes.text, call))
    const asked = served.map((yes) => this.#chosenFor(yes, call) ?? account)
    if (asked.length > 0 && !asked.includes(account)) wrong(`and the person was asked about ${asked}`)
  }

  #wasChosen(event: Of<'account chosen'>): void {
    const { by, calledAt, isSure, account, at } = event
    const others = this.#chosen.filter((each) => each.calledAt !== calledAt || !isOf(each.by, by))
    // What is not sure may still happen, at any time.
    this.#chosen = [...others, { ...event, at: isSure ? at : Number.POSITIVE_INFINITY }]
    if (!isSure || account === undefined) return
    this.#onlyThePerson(by, 'chooses an account')
    this.#notRevoked(by, calledAt, 'chooses an account')
  }

  /** The account that a user had surely chosen when a question was drawn: nothing else that may change it happened. */
  #chosenFor({ askedAt, sentAt }: Yes, { caller, rules }: Of<'called'>): string | undefined {
    // Perhaps a process drew it that died, or stood still, and the question went out later.
    const isLate = this.#stalls.some((at) => at > askedAt - rules.lifetime && at <= sentAt)
    const last = this.#chosen.findLast(({ by, at }) => by.subject === caller.subject && at < askedAt - SLACK)
    if (rules.account !== 'chosen by the user' || isLate || last === undefined) return undefined
    const changes = [...this.#chosen, ...this.#links.values(), ...this.#disconnected].filter((each) => each !== last)
    const isOther = changes.some(({ by, calledAt, at }) => isOf(by, caller) && at > last.calledAt && calledAt <= sentAt)
    return isOther ? undefined : last.account
  }

  /** Promise 6. */
  #isTheirs(by: Caller | undefined, owner: string | undefined, what: string): void {
    if (by !== undefined && by.subject !== owner) this.#refuse('onlyThePerson', `${by.subject} ${what} of ${owner}`)
  }

  /** Promise 18. */
  #onTheRecord({ operator, what }: Of<'operator acted'>): void {
    if (!this.#recorded.has(operator)) this.#refuse('onTheRecord', `${operator} ${what}, and nothing was written of it`)
  }

  /** Promise 5. */
  #notRevoked(caller: Caller, calledAt: number, what: string, seconds = 0): void {
    const found = this.#revocations.find((each) => each.at + seconds < calledAt && concerns(each, caller))
    if (found === undefined) return
    this.#refuse(
      'notRevoked',
      `${caller.subject} (${kindOf(caller)}, proven at ${clock(caller.provenAt)}) ${what}, and was revoked at ${clock(found.at)}`,
    )
  }

  /** Promise 10. */
  #noSecret(where: string, words: string): void {
    const found = this.#tokens.find((token) => words.includes(token))
    if (found !== undefined) this.#refuse('noSecret', `${where} holds a token`)
  }

  /** Promise 11. */
  #notForEver({ kind, status, why }: Of<'must run'> | Of<'must end'>): void {
    const good = kind === 'must run' ? ['done'] : ['done', 'denied', 'interrupted']
    if (!good.includes(status)) this.#refuse('notForEver', `all is well, and a call still ends as ${status}: ${why}`)
  }

  #tolerance(): number {
    return SKEW + SLACK + this.#clockError
  }

  #callOf(number: number): Of<'called'> {
    const call = this.#calls.get(number)
    if (call === undefined) throw new Error(`the world tells of the call ${number}, which was not made`)
    return call
  }

  #refuse(promise: string, why: string): void {
    this.unjustified.push({ promise, why })
  }
}

/** A revocation ends all proofs of a person from before it; one of a session or a job ends that, whenever it began. */
function concerns(revocation: Revocation, caller: Caller): boolean {
  if (revocation.job !== undefined) return revocation.job === caller.job
  if (revocation.session !== undefined) return revocation.session === caller.session
  // One without a tenant ends those of all tenants.
  const names = [caller.subject, caller.subject.split('@')[0]]
  return names.includes(revocation.subject) && caller.provenAt < revocation.at
}

/** Without `by`, it may be anybody's. */
const isOf = (by: Caller | undefined, { subject }: Caller): boolean => by === undefined || by.subject === subject

const orderName = ({ store, subject, key }: Of<'order ran'> | Of<'order ended'>): string =>
  JSON.stringify([store, subject, key])

const isInPerson = ({ kind, client }: Caller): boolean => kind === 'user' && client === 'agent'

/** Equal: they would do the same for the same person. */
const isEqualCall = (a: Run, b: Run): boolean => a.principal === b.principal && a.tool === b.tool && a.input === b.input

const isSameQuestion = (a: Asked | undefined, b: Asked): boolean =>
  a !== undefined && a.approver === b.approver && textOf(a.text) === textOf(b.text)

const isSameTool = (a: Asked | No, b: Asked | No): boolean =>
  a.approver === b.approver && a.text.owner === b.text.owner && a.text.tool === b.text.tool

/** Whether a text says what a call does. */
const isSameText = (text: Text, { caller, tool, amount, rules }: Of<'called'>): boolean =>
  text.owner === caller.subject &&
  text.kind === kindOf(caller) &&
  text.tool === tool &&
  text.amount === amount &&
  text.version === rules.version

/** Two clients of one person are two kinds of caller: what was approved for one is not for the other. */
const kindOf = ({ kind, client }: Caller): string => `${kind} by ${client}`

const textOf = ({ owner, kind, tool, amount, version, account = 'any account' }: Text): string =>
  `${owner} (${kind}): ${tool} ${amount}, version ${version}, ${account}`

/** What one slot, with its input, is known by. */
const slotOf = ({ caller, tool, slot, amount }: Of<'called'>): string =>
  JSON.stringify([caller.subject, tool, slot, amount])

const nameOf = ({ caller, tool, amount, slot }: Of<'called'>): string =>
  `${tool} ${amount} of ${caller.subject} (${slot})`

const became = ({ state, since }: Start): string =>
  state === 'under way'
    ? 'is under way'
    : state === 'in doubt'
      ? `is in doubt since ${clock(since)}`
      : `ended as "${state}"`

/** Seconds since the beginning: all that the reader of a story needs. */
const clock = (at: number): string => `${Math.round(at - 1_800_000_000)} s`
