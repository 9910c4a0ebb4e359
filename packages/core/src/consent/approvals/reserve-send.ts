import { principalKey } from '../../base/contract/index.ts'
import { isOpen, type RunRecord, type StoredQuestion } from './record.ts'
import type { Send, SendList } from './record-schema.ts'
import type { RunStore } from './run-store.ts'

/**
 * Maximum number of open questions of one owner to an approver, and of sends without an answer before the owner has to
 * pause. A model may ask for as many calls in one step.
 */
const MAX_OPEN = 5

/** First pause, in seconds. Each further send without an answer doubles it, up to the maximum. */
const PAUSE_SECONDS = 30
const MAX_PAUSE_SECONDS = 600

const HOUR_SECONDS = 3600

/** Maximum numbers of sends to an approver, each with its window in seconds. In an hour, 50 owners fit beside a busy one. */
const MAX_SENT = [
  [100, HOUR_SECONDS],
  [20, 60],
] as const

/** Maximum length of a list. Questions that are open for weeks must not make it too large for a store. */
const MAX_LISTED = 500

const NO_SENDS: SendList = { v: 1, sends: [] }

/** Why a question must not be sent. `spent`: it was sent as often as its policy allows. */
export type NotReserved = 'spent' | { readonly why: string; readonly retryAfter: number }

/**
 * Reserves a send of a question, across processes, if its approver may get one now (A14). A send is listed before it is
 * made: if its response is lost, or its process dies, the person may have the question.
 */
export async function reserveSend(
  runStore: RunStore,
  { id: run, owner }: RunRecord,
  { id: question, approver, expiresAt, maxSends = MAX_LISTED }: StoredQuestion,
): Promise<NotReserved | undefined> {
  const by = principalKey(owner)
  const at = await runStore.storeNow()
  let refused: NotReserved | undefined
  const reserved = async ({ sends } = NO_SENDS): Promise<SendList | undefined> => {
    const listed = sends.filter(({ until }) => at < until)
    const own = listed.filter((send) => send.by === by)
    const asked = await Promise.all(own.map((send) => runAsked(runStore, send)))
    const open = new Set(asked.flatMap((record) => (isOpenAt(record, runStore.now()) ? record.id : [])))
    open.delete(run)
    const unanswered = own.length - 1 - asked.findLastIndex(isAnswered)
    const pause = unanswered < MAX_OPEN ? 0 : Math.min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** (unanswered - MAX_OPEN))
    // The owner's own sends count twice, so that an owner gets at most half of what others leave.
    const times = [...listed, ...own].map((send) => send.at).sort((one, other) => other - one)
    const bounds = [
      ...MAX_SENT.map(([most, seconds]) => ({
        until: (times[most - 1] ?? 0) + seconds,
        why: `got its share of ${most} in ${seconds} s`,
      })),
      { until: (own.at(-1)?.at ?? 0) + pause, why: `left the last ${unanswered} of this owner without an answer` },
      { until: open.size < MAX_OPEN ? 0 : at + PAUSE_SECONDS, why: `has ${open.size} open questions of this owner` },
    ]
    const bound = bounds.find(({ until }) => at < until)
    refused = bound && { why: `the approver ${bound.why}`, retryAfter: Math.ceil(bound.until - at) }
    if (own.filter((send) => send.question === question).length >= maxSends) refused = 'spent'
    const send = { by, run, question, at, until: Math.max(at + HOUR_SECONDS, expiresAt) }
    return refused ? undefined : { v: 1, sends: [...listed, send].slice(-MAX_LISTED) }
  }
  // A list that cannot be opened must not end all questions to its approver.
  const key = await runStore.sends.keyOf(principalKey(approver))
  await runStore.sends.change(key, reserved, { instead: NO_SENDS, owner: approver })
  return refused
}

/** Returns the run whose question was sent, if it still has that question. */
async function runAsked(runStore: RunStore, { run, question }: Send): Promise<RunRecord | undefined> {
  const record = (await runStore.read(run))?.record
  return record?.question?.id === question ? record : undefined
}

const isAnswered = (record: RunRecord | undefined): boolean =>
  record?.foundAt !== undefined || record?.state === 'denied'

const isOpenAt = (record: RunRecord | undefined, now: number): record is RunRecord =>
  record !== undefined && isOpen(record) && now < (record.question?.expiresAt ?? 0)
