import type { Store } from '../../../src/base/ports.ts'
import { keyedHash } from '../../../src/base/values/index.ts'
import { createSealer } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalAnswer, ApprovalQuestion, PolledChannel } from '../../../src/runs/channels/approval-channel.ts'
import type { RunRecord } from '../../../src/runs/record.ts'
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

export const record = (id: string, over: Partial<RunRecord> = {}): RunRecord => ({
  v: 1,
  id,
  state: 'requested',
  binding: 'binding-1',
  tool: 'create_order',
  policyVersion: '1',
  owner: { issuer: 'https://issuer.example', subject: 'ann' },
  input: {},
  slots: ['slot:1'],
  perCall: false,
  onCrash: 'report',
  createdAt: 1_800_000_000,
  question: {
    id: 'question-1',
    approver: { issuer: 'https://issuer.example', subject: 'ann' },
    message: 'Buy 50 shares of AAPL',
    details: [],
    channel: 'default',
    expiresAt: 1_800_003_600,
  },
  sends: 0,
  ...over,
})

/** A run that needs no question. */
export const plainRecord = (id: string, over: Partial<RunRecord> = {}): RunRecord => {
  const { question: _, ...rest } = record(id, { state: 'approved', perCall: true, ...over })
  return rest
}
