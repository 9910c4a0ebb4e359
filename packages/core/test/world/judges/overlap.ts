import type { Caller } from '../events.ts'
import { isEqualCall, isSameKind, nameOf, needsApproval, type Of, type Run, type Start, slotOf } from './facts.ts'
import type { Yes } from './questions.ts'
import { IN_DOUBT_SECONDS, type Runs } from './runs.ts'
import type { Ended, Seen } from './seen.ts'

/** Longest wait for a run of the same process, and of another one, in seconds. A little less than the SDK's. */
const WAITS_SECONDS = { here: 55, elsewhere: 5 }

/** Promises 8 and 20: what calls are told of runs that are not their own, and that they wait for these. */
export class Overlap {
  readonly #seen: Seen
  readonly #runs: Runs
  /** The calls by which slots heard the result of a run, besides its own starts. */
  readonly #joined = new Map<Start, Map<string, Ended>>()

  constructor(seen: Seen, runs: Runs) {
    this.#seen = seen
    this.#runs = runs
  }

  /** Promise 8: a call is told the result that no caller has seen, and no body begins for it. */
  toldInstead(call: Of<'called'>, run: Run, { at, input }: Of<'began'>, yes: Yes | undefined): void {
    if (run.starts.length > 0 || this.#runs.equalDoubts(call, run, at).length > 0) return
    const waiting = this.#waitingFor(call, at).find((start) => this.#inputOf(start) === input)
    if (waiting === undefined) return
    const seenBy = `the result of an equal call (${waiting.call.slot}) whose caller had left`
    if (!call.rules.perCall) {
      this.#seen.refuse('sameResult', `${nameOf(call)} begins, and was not told ${seenBy}`)
      return
    }
    // Calls that are asked about one by one join nothing: the person reads of it.
    const heardAt = this.#seen.ended.get(waiting.call.call)?.at ?? at
    if (yes === undefined || !needsApproval(call) || yes.askedAt < heardAt || yes.text.warning !== undefined) return
    if (this.#isFirstSince(call, heardAt))
      this.#seen.refuse('sameResult', `${nameOf(call)} begins by a question that did not tell of ${seenBy}`)
  }

  #inputOf({ call }: Start): string | undefined {
    return this.#runs.runOf(call)?.input
  }

  #isFirstSince(call: Of<'called'>, at: number): boolean {
    return ![...this.#seen.calls.values()].some(
      (each) => each.at > at && slotOf(each) !== slotOf(call) && isEqualCall(each, call),
    )
  }

  /** Promise 8: no person is asked, where there is a result to be told. */
  #askedInstead(call: Of<'called'>, { at, code }: Of<'outcome'>): void {
    if (code !== 'approval_pending' || call.rules.perCall || this.#runs.runOf(call) !== undefined) return
    if (this.#hasEqualDoubt(call)) return
    const [waiting] = this.#waitingFor(call, at)
    if (waiting === undefined) return
    const whose = `an equal call (${waiting.call.slot}) whose caller had left`
    this.#seen.refuse(
      'sameResult',
      `a person is asked about ${nameOf(call)}, which was not told the result of ${whose}`,
    )
  }

  #hasEqualDoubt(call: Of<'called'>): boolean {
    return [...this.#runs.startOf.values()].some(
      (start) => isEqualCall(start.call, call) && !['returned', 'harmless'].includes(start.state),
    )
  }

  /** Results that this call, made under a new slot after their callers had left, must be told. */
  #waitingFor(call: Of<'called'>, at: number): readonly Start[] {
    const made = [...this.#seen.calls.values()].find((each) => slotOf(each) === slotOf(call)) ?? call
    return [...this.#runs.startOf.values()].filter((start) => {
      const ended = this.#seen.ended.get(start.call.call)
      const leftAt = ended && this.#lostBy(ended)
      if (leftAt === undefined || ended === undefined || start.state !== 'returned') return false
      if (!start.call.rules.writes || !isEqualCall(start.call, call) || !isSameKind(start.call, call)) return false
      if (ended.isUnstored || start.isLost || start.wasTakenForDead) return false
      // A linked account that is chosen at each call is not known before its body begins.
      if (call.rules.account !== undefined || slotOf(start.call) === slotOf(call) || made.at <= leftAt) return false
      if (at > ended.at + IN_DOUBT_SECONDS - this.#seen.tolerance()) return false
      return !this.#mayHaveBeenTold(start, made, ended.at)
    })
  }

  /**
   * When it was certain that no caller hears of a call: its own left; or the one of the read around it does not, which
   * waits until this is stored.
   */
  #lostBy({ call, at, isUnheard = false }: Ended): number | undefined {
    if (isUnheard) return this.#runs.leftAt.get(call)
    const made = this.#seen.callOf(call)
    const around = made.outer === undefined ? undefined : this.#seen.ended.get(made.outer)
    if (!this.#seen.isCalm || around === undefined || around.at < at || around.status === 'done') return undefined
    return this.#runs.lostAt(made) === undefined ? undefined : around.at
  }

  /** Whether another call was told of it, or may be told of it now. */
  #mayHaveBeenTold(start: Start, call: Of<'called'>, since: number): boolean {
    const isHeard = (ended: Ended) => (this.#lostBy(ended) ?? call.at) >= call.at
    if ([...(this.#joined.get(start)?.values() ?? [])].some(isHeard)) return true
    return [...this.#seen.calls.values()].some((other) => {
      if (slotOf(other) === slotOf(call) || other.call === start.call.call) return false
      if (!isEqualCall(other, call) || !isSameKind(other, call) || this.#runs.startOf.has(other.call)) return false
      const ended = this.#seen.ended.get(other.call)
      if (ended === undefined) return true
      return (
        isHeard(ended) &&
        ended.isUnheard !== true &&
        ended.at >= since &&
        !['denied', 'interrupted', 'ready'].includes(ended.status)
      )
    })
  }

  ended(event: Of<'outcome'>): void {
    const call = this.#seen.callOf(event.call)
    if (!call.rules.writes) return
    this.#sameResult(call, event)
    this.#askedInstead(call, event)
    this.#waits(call, event)
  }

  /** Promise 8. */
  #sameResult(call: Of<'called'>, ended: Ended): void {
    const { status, result, isReplay = false, isUnheard } = ended
    if (status !== 'done') return
    const refuse = (why: string) => this.#seen.refuse('sameResult', `${nameOf(call)} is told ${why}`)
    const hasRun = this.#runs.startOf.has(call.call)
    if (hasRun && isReplay) refuse('that it ran before, and its body ran now')
    if (hasRun) return
    if (!isReplay) refuse('nothing of a run before, and its body did not run now')
    const own = this.#runs.runOf(call)?.starts
    const told = (own ?? this.#equalStarts(call)).filter(({ state }) => state === 'returned' || state === 'ran')
    const why = told.length === 0 ? 'that it ran, and it did not' : this.#notTheirs(call, told, result)
    if (why !== undefined) refuse(why)
    const [start, another] = told.filter((each) => each.state === 'ran' || each.result === result)
    if (own !== undefined || start === undefined || another !== undefined || isUnheard) return
    this.#joined.set(start, (this.#joined.get(start) ?? new Map<string, Ended>()).set(slotOf(call), ended))
  }

  #notTheirs(call: Of<'called'>, told: readonly Start[], result: string | undefined): string | undefined {
    if (!told.some((start) => start.state === 'ran' || start.result === result))
      return `${result}, which no run of it gave`
    if (!told.some((start) => isSameKind(start.call, call))) return 'what another kind of caller did'
    // A run that has begun serves no slot that comes to it later, unless no caller has seen its result.
    const first = [...this.#seen.calls.values()].find((each) => slotOf(each) === slotOf(call)) ?? call
    const isTheirs = told.some((start) => start.at >= first.at || this.#mayJoin(start, first))
    return isTheirs ? undefined : 'the result of another slot, which had begun before'
  }

  /** Whether a slot that came later may be told: a caller had left, or was told to ask again, and none has heard of it. */
  #mayJoin(start: Start, call: Of<'called'>): boolean {
    const leftAt = this.#runs.leftAt.get(start.call.call)
    const endedAt = this.#seen.ended.get(start.call.call)?.at ?? Number.POSITIVE_INFINITY
    const joined = [...(this.#joined.get(start) ?? [])]
    const told = [start.call, ...joined.map(([, each]) => this.#seen.callOf(each.call))]
    const lostAt = told.map((each) => this.#runs.lostAt(each) ?? 0)
    const isLost = leftAt !== undefined && leftAt <= endedAt
    if (!isLost && Math.max(...lostAt) === 0 && !this.#wasToldToAskAgain(start)) return false
    if (call.at > Math.max(endedAt, ...lostAt) + IN_DOUBT_SECONDS + this.#seen.tolerance()) return false
    const others = joined.filter(([slot], at) => slot !== slotOf(call) && lostAt[at + 1] === 0)
    // Slots that had come before it began share its run. Of calls at the same time, each may be told.
    return others.every(([slot, { at }]) => at >= call.at || this.#cameBefore(slot, start))
  }

  #wasToldToAskAgain(start: Start): boolean {
    return [...this.#seen.calls.values()].some(
      (each) =>
        isEqualCall(each, start.call) &&
        (slotOf(each) === slotOf(start.call) || this.#cameBefore(slotOf(each), start)) &&
        this.#seen.ended.get(each.call)?.status === 'unavailable',
    )
  }

  #cameBefore(slot: string, start: Start): boolean {
    const first = [...this.#seen.calls.values()].find((each) => slotOf(each) === slot)
    return first !== undefined && first.at <= start.at
  }

  /** Promise 20. */
  #waits(call: Of<'called'>, { at, status }: Of<'outcome'>): void {
    if (status !== 'unavailable' || !this.#seen.isCalm || call.refused !== undefined) return
    const held = this.#equalStarts(call).filter(
      (start) => start.at <= at && (start.state === 'under way' || start.since >= call.at),
    )
    // An approval of another kind of caller is a matter of its own.
    const blocks = needsApproval(call) ? held.filter((start) => isSameCaller(start.call.caller, call.caller)) : held
    if (blocks.length === 0 || held.some(({ state }) => state === 'in doubt')) return
    const own = blocks.filter((start) => isSameKind(start.call, call))
    if (call.preflight !== true && own.some((start) => this.#holdsForLong(call, start))) return
    const what = call.preflight === true ? 'may not ask' : 'is told to come back'
    this.#seen.refuse('waits', `${nameOf(call)} ${what}, because an equal call (${blocks[0]?.call.slot}) was running`)
  }

  #holdsForLong(call: Of<'called'>, start: Start): boolean {
    const waits = start.call.process === call.process ? WAITS_SECONDS.here : WAITS_SECONDS.elsewhere
    return start.state === 'under way' || start.streams || start.since > call.at + waits || this.#isAround(start, call)
  }

  #isAround({ call }: Start, { outer }: Of<'called'>): boolean {
    if (outer === undefined) return false
    return outer === call.call || this.#isAround({ call } as Start, this.#seen.callOf(outer))
  }

  #equalStarts(call: Of<'called'>): readonly Start[] {
    return [...this.#runs.startOf.values()].filter((start) => isEqualCall(start.call, call))
  }
}

const isSameCaller = (a: Caller, b: Caller): boolean => a.kind === b.kind && a.client === b.client
