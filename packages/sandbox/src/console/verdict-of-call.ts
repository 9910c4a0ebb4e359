import type { ApprovalEvent, CallEvent } from '@behalf/core/audit'
import type { SandboxEvent } from '../events/index.ts'
import type { BookedCall } from './call-book.ts'
import { isNo, shortReason } from './refused-checks.ts'

/** Outcome of a call in a word, with the reason. */
export interface CallVerdict {
  readonly word: string
  readonly tone: 'good' | 'bad' | 'warn' | 'quiet'
  /** The words of the step that decided, of the guard itself. Empty where nothing is to be said. */
  readonly reason: string
  /** The last try that ended. Absent while the first one runs. */
  readonly last?: CallEvent | undefined
}

const OPEN: readonly string[] = ['running', 'waiting', 'approved', 'needs login', 'needs account']

/** Returns whether a call with this verdict may still change. */
export const isOpen = ({ word }: CallVerdict): boolean => OPEN.includes(word)

type Word = readonly [word: string, tone: CallVerdict['tone']]

const RUNNING: Word = ['running', 'quiet']

const STATUSES: Readonly<Record<CallEvent['status'], Word>> = {
  ready: ['checked', 'quiet'],
  done: ['done', 'good'],
  replayed: ['done before', 'quiet'],
  denied: ['denied', 'bad'],
  interrupted: ['waiting', 'warn'],
  unavailable: ['unavailable', 'warn'],
  threw: ['failed', 'bad'],
  aborted: ['aborted', 'quiet'],
}

/** States of a question or its run that tell more than the last try, if they came later. */
const STATES: ReadonlyMap<string, Word> = new Map(
  Object.entries<Word>({
    requested: ['waiting', 'warn'],
    pending: ['waiting', 'warn'],
    approved: ['approved', 'good'],
    running: ['running', 'quiet'],
    completed: ['done', 'good'],
    threw: ['failed', 'bad'],
    crashed: ['in doubt', 'bad'],
    denied: ['denied', 'bad'],
    expired: ['expired', 'bad'],
    failed: ['denied', 'bad'],
    cancelled: ['cancelled', 'quiet'],
    revoked: ['revoked', 'bad'],
  }),
)

/** Steps at which a call waits for another act than an answer. */
const WAITS: ReadonlyMap<string, string> = new Map([
  ['identity', 'needs login'],
  ['connection', 'needs account'],
])

export function verdictOf({ events }: Pick<BookedCall, 'events'>): CallVerdict {
  const last = events.findLast((event): event is CallEvent => event.type === 'call')
  const question = events.findLast((event): event is ApprovalEvent => event.type === 'approval')
  const message = question?.message ?? ''
  const state = question === undefined || !tellsMore(question, last) ? undefined : STATES.get(question.state)
  if (state !== undefined) return { word: state[0], tone: state[1], reason: message, last }
  if (last === undefined) return { word: RUNNING[0], tone: RUNNING[1], reason: message, last }
  // A guard with a required audit reports a call before its body runs.
  const [word, tone] = last.status === 'ready' && last.phase === 'run' ? RUNNING : STATUSES[last.status]
  const { step = '', detail = '' } = decisiveStep(last) ?? {}
  const waits = last.status === 'interrupted' ? WAITS.get(step) : undefined
  const asksOrEnds = ['good', 'quiet'].includes(tone) || (last.status === 'interrupted' && waits === undefined)
  return { word: waits ?? word, tone, reason: asksOrEnds ? message || subjectOf(last) : decidingPart(detail), last }
}

const decidingPart = (detail: string): string => shortReason(detail.split('; ').find(isNo) ?? detail)

/** Names the last request that a server refused or did not answer. Empty if the sandbox saw none. */
export function lastRefusal(
  { startedAt, lastAt }: Pick<BookedCall, 'startedAt' | 'lastAt'>,
  seen: readonly SandboxEvent[],
): string {
  // No margin here: with one, a refused request of the call before would be shown.
  const during = seen.filter(({ at }) => at >= startedAt && at <= lastAt)
  const requests = during.filter((event) => event.type === 'api' || event.type === 'request')
  const refused = requests.findLast(({ status = 500 }) => status >= 400)
  if (refused === undefined) return ''
  const { method, status = 'no answer' } = refused
  return `last refused request: ${method} ${refused.type === 'api' ? refused.path : refused.url} -> ${status}`
}

/** The first permission that was checked: it names the object of the call. */
const subjectOf = ({ trace: { steps } }: CallEvent): string =>
  steps.find(({ step }) => step === 'permission')?.detail.split('; ')[0] ?? ''

/** Returns whether the state of the question is newer than the last attempt. */
const tellsMore = (state: ApprovalEvent, last: CallEvent | undefined): boolean =>
  last === undefined || (state.at === last.at ? last.status === 'interrupted' : state.at > last.at)

/** Returns the step that decided: the last one that did not let the call pass, else the last one. */
export function decisiveStep({ trace: { steps } }: CallEvent): CallEvent['trace']['steps'][number] | undefined {
  return steps.findLast(({ verdict }) => verdict !== 'passed') ?? steps.at(-1)
}
