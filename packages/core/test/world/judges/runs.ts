import {
  became,
  clock,
  isEqualCall,
  isEqualRun,
  isInPerson,
  isSameKind,
  nameOf,
  needsApproval,
  type Of,
  type Run,
  type Start,
  slotOf,
} from './facts.ts'
import type { Yes } from './questions.ts'
import type { Seen } from './seen.ts'

const MAX_STARTS = 3
export const IN_DOUBT_SECONDS = 3600
/**
 * Another kind of caller is not held up by a run that is under way, and a doubt is written late: its process died, and
 * its lease has to end. Seconds.
 */
const DOUBT_WRITTEN_SECONDS = 90

/** Promises 1 to 3: a run has one name, begins once unless it surely had no effect, and not beside its equals. */
export class Runs {
  readonly #seen: Seen
  /** The start of a call's own body, where it began. */
  readonly startOf = new Map<number, Start>()
  readonly runs = new Map<string, Run>()
  /** When the caller of a call left. */
  readonly leftAt = new Map<number, number>()
  /** When the body of a call threw. */
  readonly #threwAt = new Map<number, number>()
  readonly #keyOfName = new Map<string, string>()

  constructor(seen: Seen) {
    this.#seen = seen
  }

  /** The run of a slot, once its body has begun. */
  runOf(call: Of<'called'>): Run | undefined {
    return this.runs.get(this.#keyOfName.get(slotOf(call)) ?? '')
  }

  began(call: Of<'called'>, { at, streams = false }: Of<'began'>): Start {
    // A process that was killed may go on until its next operation.
    const state = this.#seen.dead.has(call.process) ? 'in doubt' : 'under way'
    const named = this.#seen.named.get(call.call)
    const start: Start = { call, at, streams, writes: 0, state, since: at, released: [], named }
    this.startOf.set(call.call, start)
    return start
  }

  /** Promise 1. */
  sameCallSameKey(call: Of<'called'>, { key, input }: Of<'began'>): Run {
    const name = slotOf(call)
    const known = this.#keyOfName.get(name)
    this.#keyOfName.set(name, known ?? key)
    if (known !== undefined && known !== key)
      this.#seen.refuse('sameCallSameKey', `${nameOf(call)} ran before with another idempotency key`)
    const run = this.runs.get(key) ?? { key, principal: call.caller.subject, tool: call.tool, input, starts: [] }
    this.runs.set(key, run)
    if (run.input !== input)
      this.#seen.refuse('sameCallSameKey', `${nameOf(call)} runs ${input}, and ran ${run.input} before`)
    if (run.principal !== call.caller.subject || run.tool !== call.tool)
      this.#seen.refuse('sameCallSameKey', `${nameOf(call)} has the key of a call of ${run.principal}: ${run.tool}`)
    return run
  }

  /** Promise 2. */
  notAgain(call: Of<'called'>, run: Run, yes: Yes | undefined): void {
    const { starts } = run
    if (starts.length >= MAX_STARTS)
      this.#seen.refuse('notAgain', `${nameOf(call)} begins for the ${starts.length + 1}th time`)
    for (const before of starts) {
      if (before.state === 'harmless' || before.state === 'did not run') continue
      const isDoubtful = before.state === 'in doubt' || before.isLost === true || this.#isOwed(before)
      if (isDoubtful && call.rules.retries) continue
      const why = `its start at ${clock(before.at)} ${became(before)}`
      this.#seen.refuse('notAgain', `${nameOf(call)} begins again, and ${why}`)
    }
    const why = yes && needsApproval(call) ? ownDoubt(call, run, yes) : undefined
    if (why !== undefined) this.#seen.refuse('notAgain', `${nameOf(call)} begins again by a yes ${why}`)
  }

  /** Whether an equal call was told to ask again for a result that cannot be told again. */
  #isOwed({ call, isOnceOnly }: Start): boolean {
    const others = [...this.#seen.calls.values()].filter((each) => isEqualCall(each, call))
    return isOnceOnly === true && others.some((each) => this.#seen.ended.get(each.call)?.status === 'unavailable')
  }

  /** Promise 2: no person is asked about a run that cannot begin any more. */
  notAskedInVain(call: Of<'called'>, { code }: Of<'outcome'>): void {
    const tries = this.runOf(call)?.starts.length ?? 0
    if (code !== 'approval_pending' || tries < MAX_STARTS) return
    this.#seen.refuse('notAgain', `${nameOf(call)} has begun ${tries} times, and a person is asked about it again`)
  }

  /** Promise 3. */
  notBesideDoubt(call: Of<'called'>, run: Run, { at }: Of<'began'>, yes: Yes | undefined): void {
    for (const other of this.runs.values()) {
      const last = other.starts.at(-1)
      if (other === run || !isEqualRun(other, run) || last?.state !== 'under way' || !isSameKind(last.call, call))
        continue
      // Processes that race each other claim at the same moment. One process knows what it runs.
      if (last.at >= call.at && last.call.process !== call.process) continue
      this.#seen.refuse('notBesideDoubt', `${nameOf(call)} begins while an equal call (${last.call.slot}) is running`)
    }
    for (const doubtful of this.equalDoubts(call, run, at)) {
      const why = this.#untold(call, at, doubtful, yes)
      if (why !== undefined) this.#seen.refuse('notBesideDoubt', `${nameOf(call)} ${why}`)
    }
  }

  #untold(call: Of<'called'>, at: number, doubtful: Start, yes: Yes | undefined): string | undefined {
    const tolerance = this.#seen.tolerance()
    if (!needsApproval(call)) {
      const isOver = at >= doubtful.since + IN_DOUBT_SECONDS - tolerance
      return isOver ? undefined : `begins while an equal call (${doubtful.call.slot}) ${became(doubtful)}`
    }
    return yes === undefined ? undefined : this.#unaware(yes, doubtful)
  }

  /** Why a yes does not count beside an equal call in doubt. */
  #unaware({ askedAt, text }: Yes, { since }: Start): string | undefined {
    const tolerance = this.#seen.tolerance()
    if (askedAt < since - tolerance) return 'runs by a yes from before an equal call went in doubt'
    if (askedAt < since + tolerance || text.warning !== undefined) return undefined
    return 'runs by a yes to a question that did not tell of an equal call in doubt'
  }

  /** Why this call may not run by a yes, by what is in doubt. */
  objectionTo(call: Of<'called'>, run: Run, at: number): (yes: Yes) => string | undefined {
    const doubts = this.equalDoubts(call, run, at)
    return (yes) => {
      const unaware = doubts.map((doubtful) => this.#unaware(yes, doubtful))
      return ownDoubt(call, run, yes) ?? unaware.find((why) => why !== undefined)
    }
  }

  /** Equal runs that were known to be in doubt when this one had to look for the last time. */
  equalDoubts(call: Of<'called'>, run: Run, at: number): readonly Start[] {
    const by = this.#seen.lookedAt(call, at)
    const others = [...this.runs.values()].filter((other) => other !== run && isEqualRun(other, run))
    return others.flatMap(({ starts }) => {
      const last = starts.at(-1)
      if (last?.state !== 'in doubt') return []
      return last.since < by - (isSameKind(last.call, call) ? 0 : DOUBT_WRITTEN_SECONDS) ? [last] : []
    })
  }

  mayHaveActed(call: number): void {
    const start = this.startOf.get(call)
    if (start !== undefined) start.writes++
  }

  actedUnseen(call: number): void {
    const start = this.startOf.get(call)
    if (start !== undefined) start.actsUnseen = true
  }

  /** When a read around a call threw, or was not heard itself: its caller does not hear of the call either. */
  lostAt({ outer }: Of<'called'>): number | undefined {
    const around = outer === undefined ? undefined : this.#seen.callOf(outer)
    if (around === undefined || around.rules.writes) return undefined
    return this.#threwAt.get(around.call) ?? this.leftAt.get(around.call) ?? this.lostAt(around)
  }

  bodyEnded({ call, how, result, isOnceOnly = false, at }: Of<'body ended'>): void {
    if (how !== 'returned') this.#threwAt.set(call, at)
    const start = this.startOf.get(call)
    if (start === undefined) return
    start.since = at
    start.released = []
    start.result = result
    start.isOnceOnly = isOnceOnly
    // Its process is dead already, and what it gave was stored nowhere.
    start.isLost = start.state === 'in doubt'
    if (how === 'returned') {
      start.state = 'returned'
      start.isUnsure = false
      this.#mayBeTold(start)
      return
    }
    const doubt = this.#doubtOf(start, how)
    start.state = doubt === undefined ? 'harmless' : 'in doubt'
    if (doubt !== undefined) start.doubt = doubt
  }

  #doubtOf({ call, writes, actsUnseen }: Start, how: Of<'body ended'>['how']): string | undefined {
    if (how === 'said no effect') return undefined
    if (writes > 0) return 'it threw, and may have written'
    if (this.#hasActedInside(call.call)) return 'it threw, and a write inside it is done, or in doubt'
    if (actsUnseen) return 'it threw, and had acted by ways of its own'
    if (how === 'was refused' || call.rules.writesOnlyByAccess) return undefined
    return 'it threw, and nothing shows that it had no effect'
  }

  /** Whether a guarded write that this call's body made, at any depth, did not end without effect, or may still begin. */
  #hasActedInside(outer: number): boolean {
    return [...this.#seen.calls.values()].some((call) => {
      if (call.outer !== outer) return false
      const state = this.startOf.get(call.call)?.state ?? (this.#seen.ended.has(call.call) ? 'harmless' : 'to come')
      return (call.rules.writes && state !== 'harmless') || this.#hasActedInside(call.call)
    })
  }

  left({ call, at }: Of<'left'>): void {
    this.leftAt.set(call, at)
  }

  /** While a result is written, no other process knows that its caller has left. */
  ended({ call, result }: Of<'outcome'>): void {
    const start = this.startOf.get(call)
    if (start?.state === 'returned') this.#mayBeTold(start)
    if (start?.call.rules.writes && result !== undefined && this.leftAt.has(call))
      this.#seen.refuse(
        'sameResult',
        `${nameOf(start.call)} had left, and gets the result that the next equal call gets`,
      )
  }

  /** A result that no caller got, and that cannot be told later, is in doubt. */
  #mayBeTold(start: Start): void {
    if (!this.leftAt.has(start.call.call) || start.isOnceOnly !== true) return
    start.state = 'in doubt'
    start.doubt = 'its caller had left, and its result cannot be told again'
  }

  /** A killed process leaves its bodies in doubt, and so does one that everybody takes for dead. */
  died({ kind, process, at }: Of<'died'> | Of<'stood still'>): void {
    if (kind === 'died') this.#seen.dead.add(process)
    this.#seen.stalls.push(at)
    for (const [call, start] of this.startOf) {
      if (start.call.process !== process) continue
      if (!this.#seen.ended.has(call)) start.wasTakenForDead = true
      start.isLost = start.state === 'returned' && !this.#seen.ended.has(call)
      if (start.state !== 'under way') continue
      start.state = 'in doubt'
      start.since = at
    }
  }

  resolved(event: Of<'resolved'>): void {
    const { key, what, by, at, calledAt, isSure } = event
    const run = this.runs.get(key)
    const isOwner = by === undefined || run?.principal === by.subject
    if (isSure && by !== undefined) {
      this.#seen.onlyThePerson(by, `resolves a run as "${what}"`)
      this.#seen.notRevoked(by, calledAt, `resolves a run as "${what}"`)
      this.#seen.isTheirs(by, run?.principal, 'resolves a run')
    }
    const last = run?.starts.at(-1)
    if (last === undefined || !(last.state === 'in doubt' || last.isUnsure)) return
    if (!isOwner || (by !== undefined && !isInPerson(by)) || (what === 'ran' && !isSure)) return
    last.state = what
    last.isUnsure = !isSure
    last.since = at
    if (what === 'did not run') last.released = [...last.released, event]
  }
}

/**
 * Why a yes does not count for a run whose owner said that it did not run, where another person approved it. Where an
 * operator may have said so too, the yes may be kept.
 */
function ownDoubt({ rules }: Of<'called'>, { principal, starts }: Run, { approver, askedAt, text }: Yes) {
  const last = starts.at(-1)
  if (last?.state !== 'did not run' || approver === principal) return undefined
  if (last.released.some(({ by }) => by === undefined)) return undefined
  // Perhaps what its owner said did not arrive, and it is tried again for another reason.
  if (rules.retries && last.isUnsure) return undefined
  if (askedAt < Math.min(...last.released.map(({ calledAt }) => calledAt)))
    return 'from before its owner said that it did not run'
  return text.warning === undefined ? 'to a question that did not tell of its own doubt' : undefined
}
