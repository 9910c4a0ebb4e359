import type { Store } from '../../../src/base/ports.ts'
import { createWatcher, type WatchedAnswer, type WatcherOptions } from '../../../src/entrypoints/watcher.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { openStoreKeys, type StoreKeys } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/runs/channels/approval-channel.ts'
import type { StoredQuestion } from '../../../src/runs/record.ts'
import { openRunStore } from '../../../src/runs/run-store.ts'
import { record } from './harness.ts'

export const ISSUER = 'https://issuer.example'

/** Real time: a watcher is a schedule, and a schedule is what is to be seen. */
const now = () => Date.now() / 1000

/** A channel whose answers a test gives, and which remembers when it was asked. */
export function listeningChannel(answerTo: (id: string, looks: number) => ApprovalAnswer | Promise<ApprovalAnswer>) {
  const looks: { readonly id: string; readonly at: number }[] = []
  const sent: string[] = []
  let underWay = 0
  let mostUnderWay = 0
  const perId = new Map<string, number>()
  const channel: ApprovalChannel = {
    specificationVersion: 2,
    ask: async ({ approvalId }) => {
      sent.push(approvalId)
      return { state: {}, interval: 1 }
    },
    poll: async (_asked, { approvalId }) => {
      looks.push({ id: approvalId, at: performance.now() })
      mostUnderWay = Math.max(mostUnderWay, ++underWay)
      perId.set(approvalId, (perId.get(approvalId) ?? 0) + 1)
      try {
        return await answerTo(approvalId, perId.get(approvalId) ?? 0)
      } finally {
        underWay--
      }
    },
  }
  return { channel, looks, sent, mostUnderWay: () => mostUnderWay }
}

/** The queue of questions, as it is named in a store. */
export async function queueIn(store: Store, keys?: StoreKeys): Promise<string> {
  return `polls:${await openStoreKeys(store, keys).hash(JSON.stringify(['run-queue', 'polls']))}`
}

/** Open questions in a store, and watchers over it. */
export function crowd(channel: ApprovalChannel, store: Store = memoryStore(), keys?: StoreKeys) {
  const clock = { now: Date.now }
  const runStore = openRunStore({ store, keys, clock })
  const told: WatchedAnswer[] = []
  const faults: { readonly error: unknown; readonly id: string | undefined }[] = []
  const running: Promise<void>[] = []
  const stops: AbortController[] = []
  return {
    store,
    runStore,
    told,
    faults,
    /** Puts pending questions into the store, due at once unless `dueIn` says otherwise. Seconds. */
    add: async (count: number, over: { dueIn?: number; issuer?: string; name?: string; lifetime?: number } = {}) => {
      const { dueIn = -1, issuer = ISSUER, name = 'q', lifetime = 3600 } = over
      const question: StoredQuestion = {
        id: 'question-1',
        approver: { issuer, subject: 'ann' },
        message: 'Buy 50 shares of AAPL',
        details: [],
        channel: 'default',
        policyVersion: '1',
        expiresAt: now() + lifetime,
      }
      await Promise.all(
        Array.from({ length: count }, (_, index) =>
          runStore.create(
            record(`${name}-${index}`, {
              binding: `binding-${name}-${index}`,
              state: 'pending',
              question,
              delivery: { state: {}, interval: 1, nextPollAt: now() + dueIn },
              createdAt: now(),
              sends: 1,
            }),
          ),
        ),
      )
    },
    state: async (id: string) => (await runStore.read(id))?.record,
    /** Starts a watcher; all of them are stopped by `stop`. */
    watch: (over: Partial<WatcherOptions> = {}) => {
      const controller = new AbortController()
      const watcher = createWatcher({
        authorizationServer: oidc({ issuer: ISSUER, clientId: 'app', clientSecret: 'a-client-secret' }),
        approvals: channel,
        store,
        everyMs: 20,
        maxPollsPerSecond: 1_000,
        ...(keys !== undefined && { keys }),
        onAnswer: (answer) => void told.push(answer),
        onFault: (error, id) => faults.push({ error, id }),
        ...over,
      })
      const run = watcher.run(controller.signal)
      running.push(run.catch(() => {}))
      stops.push(controller)
      return { watcher, run, stop: () => controller.abort() }
    },
    stop: async () => {
      for (const controller of stops) controller.abort()
      await Promise.all(running)
    },
  }
}

export type Crowd = ReturnType<typeof crowd>
