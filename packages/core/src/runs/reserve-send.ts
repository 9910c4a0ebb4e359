import { principalKey } from '../base/contract/index.ts'
import type { RunRecord, Send, SendList, StoredQuestion } from './record.ts'
import { isUnanswered } from './run-state.ts'
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
  { id: run, by: { owner } }: RunRecord,
  { id: question, approver, expiresAt, maxSends = MAX_LISTED }: StoredQuestion,
): Promise<NotReserved | undefined> {
  const by = principalKey(owner)
  const at = await runStore.storeNow()
  let refused: NotReserved | undefined
  const reserved = async ({ sends } = NO_SENDS): Promise<SendList | undefined> => {
    const listed = sends.filter(({ until }) => at < until)
    const own = listed.filter((send) => send.by === by)
    const asked = await Promise.all(own.map((send) => stateOfSend(runStore, send)))
    const open = new Set(own.filter((_, index) => asked[index] === 'open').map((send) => send.run))
    open.delete(run)
    const unanswered = own.length - 1 - asked.lastIndexOf('answered')
    const pause = unanswered < MAX_OPEN ? 0 : Math.min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2 ** (unanswered - MAX_OPEN))
    // Each question once: an outage of the channel, in which each is tried again and again, leaves room for others. The
    // owner's own count twice, so that an owner gets at most half of what others leave.
    const last = [...new Map(listed.map((send) => [send.question, send])).values()]
    const times = [...last, ...last.filter((send) => send.by === by)]
      .map((send) => send.at)
      .sort((one, other) => other - one)
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

/** Whether a question that was sent is open or answered. A run that cannot be opened ends no other question. */
async function stateOfSend(runStore: RunStore, { run, question }: Send): Promise<'open' | 'answered' | undefined> {
  const record = (await runStore.read(run).catch(() => undefined))?.record
  if (record?.question?.id !== question) return undefined
  if (record.question.answer !== undefined) return 'answered'
  return isUnanswered(record) && runStore.now() < record.question.expiresAt ? 'open' : undefined
}
