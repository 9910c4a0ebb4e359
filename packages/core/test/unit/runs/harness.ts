import type { Store } from '../../../src/base/ports.ts'
import { defined, keyedHash } from '../../../src/base/values/index.ts'
import { createSealer } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalAnswer, ApprovalQuestion, PolledChannel } from '../../../src/runs/channels/approval-channel.ts'
import { type Claim, claimRun as claim } from '../../../src/runs/claim-run.ts'
import type {
  Approval,
  Attempt,
  CalledBy,
  End,
  Entry,
  RunRecord,
  StoredQuestion,
  StoredResult,
} from '../../../src/runs/record.ts'
import { noteOf, type RunState, stateOf } from '../../../src/runs/run-state.ts'
import { RunStore } from '../../../src/runs/run-store.ts'

/** A clock that stands still until it is moved. */
export function testClock(start = 1_800_000_000) {
  let seconds = start
  return {
    now: () => seconds * 1000,
    advance: (by: number) => {
      seconds += by
    },
  }
}

export const sealKey = new Uint8Array(32).fill(7)

export function testLedger(
  options: { store?: Store; clock?: ReturnType<typeof testClock>; onState?: (record: RunRecord) => void } = {},
) {
  const clock = options.clock ?? testClock()
  const store = options.store ?? memoryStore({ clock })
  const runStore = new RunStore({
    store,
    clock,
    sealer: createSealer([sealKey]),
    hash: keyedHash(new Uint8Array(32).fill(9)),
    isRevoked: async () => false,
    ...(options.onState !== undefined && { onState: options.onState }),
  })
  return { runStore, store, clock }
}

type Operation = 'get' | 'put' | 'delete' | 'claimDue' | 'list' | 'increment'

/** One request to a store, on its way. `next` lets it through. */
export type Tap = (operation: Operation, key: string, next: () => Promise<unknown>) => Promise<unknown>

/** A store whose every request passes by a test: to be held, dropped, or done without an answer. */
export function tapped(store: Store, tap: Tap): Store {
  const through =
    (operation: Operation) =>
    (...args: readonly unknown[]) =>
      tap(operation, String(args[0]), () =>
        (store[operation] as (...args: readonly unknown[]) => Promise<unknown>)(...args),
      )
  return {
    specificationVersion: 2,
    durable: store.durable,
    now: () => store.now(),
    get: through('get') as Store['get'],
    put: through('put') as Store['put'],
    delete: through('delete') as Store['delete'],
    claimDue: through('claimDue') as Store['claimDue'],
    list: through('list') as Store['list'],
    increment: through('increment') as Store['increment'],
  }
}

/** The same store, as another process opens it: runs that are claimed there are not known here. */
export const elsewhere = (store: Store): Store => tapped(store, (_, __, next) => next())

/** A channel that answers what the test tells it to, and remembers what it was asked. */
export function testChannel() {
  const questions: ApprovalQuestion[] = []
  const looks: number[] = []
  let answer: () => ApprovalAnswer | Promise<ApprovalAnswer> = () => ({ status: 'pending' })
  let onAsk: () => void | Promise<void> = () => {}
  const channel: PolledChannel = {
    specificationVersion: 2,
    ask: async (question, { clock }) => {
      await onAsk()
      questions.push(question)
      return { state: { n: questions.length }, interval: 5, expiresAt: clock.now() / 1000 + 300 }
    },
    poll: async (_asked, _question, { clock }) => {
      looks.push(clock.now() / 1000)
      return answer()
    },
  }
  return {
    channel,
    questions,
    looks,
    answers: (next: ApprovalAnswer | (() => ApprovalAnswer | Promise<ApprovalAnswer>)) => {
      answer = typeof next === 'function' ? next : () => next
    },
    failsToAsk: (fail: () => void | Promise<void>) => {
      onAsk = fail
    },
  }
}

export const servers = {
  of: () => {
    throw new Error('no server in these tests')
  },
  knows: () => true,
}

/** What a test says of a run: its state, and what it knows of the question, the attempt and the end in it. */
export type Made = Partial<Omit<RunRecord, 'v' | 'by' | 'asked' | 'question' | 'attempt' | 'end'>> &
  Partial<CalledBy> &
  Partial<Pick<StoredQuestion, 'delivery' | 'policyVersion' | 'told' | 'again'>> &
  Partial<Pick<Approval, 'foundAt' | 'usableUntil' | 'evidence' | 'token'>> &
  Partial<Pick<Attempt, 'runner' | 'startedAt' | 'earlierDoubt' | 'undeliveredSince'>> & {
    readonly state?: RunState
    readonly question?: Omit<StoredQuestion, 'policyVersion'> & Partial<Pick<StoredQuestion, 'policyVersion'>>
    readonly sends?: number
    readonly replaced?: number
    readonly answeredAt?: number
    readonly why?: string
    readonly unsent?: boolean
    readonly tries?: number
    readonly inDoubtSince?: number
    readonly endedAt?: number
    readonly result?: StoredResult
  }

const NOW = 1_800_000_000
const someone = { issuer: 'https://issuer.example', subject: 'ann' }
const asked = {
  id: 'question-1',
  approver: someone,
  message: 'Buy 50 shares of AAPL',
  details: [],
  channel: 'default',
  expiresAt: NOW + 3600,
}
const sent = { state: {}, interval: 5, nextPollAt: NOW + 5 }

const tried: readonly RunState[] = ['running', 'crashed', 'completed', 'threw']

/** A run that asks a person, in a state: `requested` if none is named. */
export function record(id: string, made: Made = {}): RunRecord {
  return run(id, { question: asked, ...made })
}

/** A run that needs no question: it may start, if no other state is named. */
export const plainRecord = (id: string, made: Omit<Made, 'question'> = {}): RunRecord =>
  run(id, { state: 'approved', perCall: true, ...made })

function run(id: string, made: Made): RunRecord {
  const { state = 'requested', owner = someone, actor, delegationId, sessionIds, provenAt, accounts } = made
  const { sends = 0, replaced = 0 } = made
  return {
    v: 1,
    id,
    binding: made.binding ?? 'binding-1',
    tool: made.tool ?? 'create_order',
    input: made.input ?? {},
    slots: made.slots ?? ['slot:1'],
    perCall: made.perCall ?? false,
    retry: made.retry ?? 'never',
    createdAt: made.createdAt ?? NOW,
    by: { owner, ...defined({ actor, delegationId, sessionIds, provenAt, accounts }) },
    asked: { sends, replaced },
    ...defined({ question: questionOf(state, made), attempt: attemptOf(state, made), end: endOf(state, made) }),
  }
}

function questionOf(state: RunState, { question, ...made }: Made): StoredQuestion | undefined {
  if (question === undefined) return undefined
  const { policyVersion = '1', told, again, evidence, token, why = 'no' } = made
  const { answeredAt: at = NOW, foundAt = at, usableUntil = 9e9 } = made
  const parts = {
    ...(state === 'pending' && { delivery: made.delivery ?? sent }),
    ...(state === 'failed' && made.unsent && { refused: { why } }),
    ...(state === 'denied' && { answer: { decision: state, at: made.endedAt ?? at, why, ...defined({ evidence }) } }),
    ...((state === 'approved' || tried.includes(state)) && {
      answer: { decision: 'approved' as const, at, foundAt, usableUntil, ...defined({ evidence, token }) },
    }),
  }
  return { policyVersion, ...question, ...parts, ...defined({ told, again }) }
}

function attemptOf(state: RunState, made: Made): Attempt | undefined {
  const { tries = tried.includes(state) ? 1 : 0, inDoubtSince, runner = 'a', startedAt = NOW } = made
  if (tries === 0) return undefined
  const { earlierDoubt, undeliveredSince } = made
  const since = inDoubtSince ?? NOW
  const wasDenied = inDoubtSince !== undefined && !tried.includes(state)
  const outcome = {
    ...(state === 'crashed' && { outcome: { kind: 'in_doubt' as const, since } }),
    ...(wasDenied && { outcome: { kind: 'did_not_run' as const, said: 'owner' as const, since } }),
    ...((state === 'threw' || (!wasDenied && !tried.includes(state))) && { outcome: { kind: 'no_effect' as const } }),
  }
  return { number: tries, startedAt, runner, ...defined({ earlierDoubt, undeliveredSince }), ...outcome }
}

function endOf(
  state: RunState,
  { endedAt: at = NOW, result = { kind: 'undefined' }, why, unsent }: Made,
): End | undefined {
  switch (state) {
    case 'completed':
      return { how: 'completed', at, result }
    case 'threw':
      return { how: 'no_effect', at }
    case 'expired':
    case 'cancelled':
    case 'revoked':
      return { how: state, at, ...defined({ why }) }
    case 'failed':
      return unsent ? undefined : { how: state, at, ...defined({ why }) }
    default:
      return undefined
  }
}

/** The state of a run that may not be there. */
export const stateIn = (run: RunRecord | undefined): RunState | undefined => run && stateOf(run)

/** A run as tests speak of it: its state, and what its question, attempt and end say, side by side. */
export function told(run: RunRecord | undefined) {
  if (run === undefined) return undefined
  const { question, attempt, end } = run
  const { decision: _, at: answeredAt, ...answer }: Record<string, unknown> = { ...question?.answer }
  const { kind: __, ...outcome }: Record<string, unknown> = { ...attempt?.outcome }
  return defined({
    ...run,
    ...run.by,
    ...run.asked,
    ...answer,
    ...attempt,
    ...outcome,
    ...end,
    answeredAt,
    delivery: question?.delivery,
    again: question?.again,
    note: noteOf(run),
    state: stateOf(run),
  })
}

/** Writes that the question of a run was sent, and answered by a yes. */
export async function approved(
  runStore: RunStore,
  entry: Entry,
  { retry = 'never', usableUntil = 9e9 }: Pick<Made, 'retry' | 'usableUntil'> = {},
): Promise<Entry> {
  const { question = { ...asked, policyVersion: '1' } } = entry.record
  const pending = await runStore.update(entry, (run) => ({ ...run, retry, question: { ...question, delivery: sent } }))
  const answer = { decision: 'approved', at: NOW, foundAt: NOW, usableUntil } as const
  return runStore.update(pending, (run) => ({ ...run, question: { ...question, answer } }))
}

/** Claims a run for the caller that asked for it, as its answer or its policy permits. */
export const claimRun = (runStore: RunStore, entry: Entry): Promise<Claim | undefined> =>
  claim(runStore, entry, { caller: entry.record.by, isAnswered: true })
