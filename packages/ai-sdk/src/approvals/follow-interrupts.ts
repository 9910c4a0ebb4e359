import { parseInterrupt } from '@behalf/core/interrupts'
import { interruptsOf, type PendingInterrupt } from '../messages/interrupts-of.ts'
import { lastStep, type ShownMessage, type ShownPart, shownApprovals } from '../messages/pending-approvals.ts'

/** The parts of a chat that are used: `useChat` returns them, and the chats of other frameworks have them. */
export interface FollowedChat {
  /** The messages of the conversation. Read again at each poll. */
  readonly messages: readonly ShownMessage[]
  /** State of the chat. If it is `ready`, the chat sends nothing. */
  readonly status?: string | undefined
  /** Adds the response to an approval request. */
  addToolApprovalResponse(response: {
    readonly id: string
    readonly approved: boolean
    readonly reason?: string
  }): void | PromiseLike<void>
}

/**
 * Reason why a question or the chat does not go on.
 *
 * For a question: `unknown`: the route knows no such question of this user. `login_required`: no user is signed in.
 * `unavailable`: the response is not one of the route, such as if the route is missing. The poll is repeated, at most
 * each minute.
 *
 * For the chat: `not_sent`: all responses are there, but the chat does not send them, such as if
 * `sendAutomaticallyWhen` is missing. `replaced`: a call waited, and the last turn did not make an equal call. Its
 * question stays open, but an answer does not start the call by itself. The problem is over with the next turn.
 */
export type FollowProblem = 'unknown' | 'login_required' | 'unavailable' | 'not_sent' | 'replaced'

/** Options of {@link followInterrupts}. */
export interface FollowOptions {
  /** Address of the route of `approvalStatus`, without the id. @default '/api/approvals' */
  readonly url?: string
  /** Sends the request, such as with a token of the app. @default the global `fetch`, which sends the app's cookies */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /**
   * Called when the problem of a question or of the chat changes. `cause` is for your log. `problem` is `undefined`
   * when the problem is over. `approvalId` is `undefined` if the problem is that of the chat. An error of the callback
   * is dropped.
   * @default the cause is printed on the console
   */
  readonly onProblem?: (problem: FollowProblem | undefined, cause?: unknown, approvalId?: string) => void
  /**
   * Called with the `approvalId` of each question that the route knows as one of this user, when these change. Show the
   * message of no other question: the messages of a chat may be another user's. An error of the callback is dropped.
   */
  readonly onConfirmed?: (approvalIds: readonly string[]) => void
}

const DEFAULT_SECONDS = 5
const MAX_SECONDS = 60
/** Time after which the messages are searched for new questions. */
const TICK_MS = 1_000
const TIMEOUT_MS = 30_000
/** Number of ticks in a row that find the responses unsent. A chat that sends them does so at once. */
const UNSENT_TICKS = 3

interface Followed {
  dueAt: number
  failures: number
  /** The route knows it as a question of this user. An outage changes nothing. */
  confirmed: boolean
  found?: Found
  /** Last problem that `onProblem` was called with. */
  told?: FollowProblem | undefined
}

/**
 * Follows the questions that a chat waits for: polls each one until it is resolved, then adds the response, so that the
 * chat continues. Give the chat `sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses`.
 *
 * Finds questions that arrive later. Does not poll a question that another message follows, since the AI SDK drops its
 * call: the problem is `replaced`.
 * Calls that wait for a sign-in, an account or a step-up have no question: call {@link wake} when the user is back. A
 * response is only a wake-up: the server checks again before the tool runs.
 *
 * @returns A function that stops it.
 * @throws TypeError `chat` is not a chat, or an option is unknown.
 */
export function followInterrupts(chat: FollowedChat, options: FollowOptions = {}): () => void {
  demandKnown('followInterrupts', chat, options, ['url', 'fetch', 'onProblem', 'onConfirmed'])
  const {
    url = '/api/approvals',
    fetch: send = (to, init) => globalThis.fetch(to, init),
    onProblem = printProblem,
    onConfirmed = () => {},
  } = options
  const stopped = new AbortController()
  const followed = new Map<string, Followed>()
  let told: FollowProblem | undefined
  let toldConfirmed = '[]'
  let unsent = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const poll = async ({ approvalId, interrupt }: PendingInterrupt, state: Followed): Promise<void> => {
    state.dueAt = Number.POSITIVE_INFINITY
    const found = await look(url, interrupt.id, send, stopped.signal)
    if (stopped.signal.aborted) return
    state.found = found
    state.failures = found.problem === undefined ? 0 : state.failures + 1
    if (found.problem !== 'unavailable') state.confirmed = found.problem === undefined
    const seconds = found.interval ?? interrupt.interval ?? DEFAULT_SECONDS
    state.dueAt = Date.now() + Math.min(MAX_SECONDS, seconds * 2 ** state.failures) * 1_000
    tell()
    if (found.answer !== undefined) await respond(chat, { id: approvalId, ...found.answer })
  }

  const pollAll = (): void => {
    const waiting = interruptsOf(chat.messages).filter(({ interrupt }) => interrupt.kind === 'approval_pending')
    const ids = new Set(waiting.map(({ approvalId }) => approvalId))
    for (const [id, state] of followed) {
      if (ids.has(id)) continue
      followed.delete(id)
      tellOf(id, state, {})
    }
    for (const pending of waiting) {
      const state = followed.get(pending.approvalId) ?? { dueAt: 0, failures: 0, confirmed: false }
      followed.set(pending.approvalId, state)
      // Not awaited, because a slow answer must not delay the others. The chat itself shows its errors.
      if (state.dueAt <= Date.now()) poll(pending, state).catch(() => {})
    }
  }

  const tellOf = (id: string, state: Followed, { problem, cause }: Found): void => {
    if (problem !== state.told) safely(() => onProblem(problem, cause, id))
    state.told = problem
  }

  const tell = (): void => {
    for (const [id, state] of followed) tellOf(id, state, state.found ?? {})
    const problem = unsent >= UNSENT_TICKS ? 'not_sent' : isReplaced(chat) ? 'replaced' : undefined
    if (problem !== told) safely(() => onProblem(problem, problem && new Error(causes[problem])))
    told = problem
    const confirmed = [...followed].flatMap(([id, state]) => (state.confirmed ? [id] : []))
    const text = JSON.stringify(confirmed)
    if (text !== toldConfirmed) safely(() => onConfirmed(confirmed))
    toldConfirmed = text
  }

  const run = (): void => {
    timer = setTimeout(run, TICK_MS)
    try {
      pollAll()
      unsent = isUnsent(chat) ? unsent + 1 : 0
      tell()
    } catch {
      // The messages are not those of a chat now. They are read again.
    }
  }
  run()
  return () => {
    stopped.abort()
    clearTimeout(timer)
  }
}

/** Refuses what the compiler refuses, for JavaScript. Not an error of core, whose code a browser need not load. */
export function demandKnown(owner: string, chat: FollowedChat, options: object, known: readonly string[]): void {
  if (typeof chat?.addToolApprovalResponse !== 'function') {
    throw new TypeError(`${owner}.chat: give a chat, such as what useChat returns`)
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new TypeError(`${owner}.${unknown}: is not an option here; there are ${known.join(', ')}`)
}

/** Runs a callback. Its error must not end the polls. */
const safely = (callback: () => void): void => void (async () => callback())().catch(() => {})

/** The default of `onProblem`. Without it, a mistake of the app would be silent. */
export function printProblem(problem: FollowProblem | undefined, cause: unknown): void {
  if (problem !== undefined) console.warn(problem, cause)
}

const causes = {
  not_sent:
    'the chat does not send the responses: give it sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses',
  replaced:
    'a message was sent while a call waited, so the AI SDK dropped the call: an answer starts nothing, until the model makes an equal call. Disable the input while a call waits',
} as const satisfies Readonly<Partial<Record<FollowProblem, string>>>

/** Returns whether the last message has all its responses, and the chat does nothing. */
function isUnsent({ messages, status }: FollowedChat): boolean {
  const states = lastStep(messages).flatMap(({ parts }) => parts.map(({ state }) => state))
  return status === 'ready' && states.includes('approval-responded') && !states.includes('approval-requested')
}

/** Returns whether the last turn followed a call that waits for an approval, and did not make an equal call. */
function isReplaced({ messages, status }: FollowedChat): boolean {
  if (status === 'submitted' || status === 'streaming') return false
  // The last message is the user's, or the reply to it.
  const recent = messages.slice(-3)
  return recent.slice(0, -1).some(({ parts }, at) => {
    const later = recent.slice(at + 1).flatMap((message) => message.parts)
    return parts.some((part) => isAsked(part) && !later.some((one) => isEqual(part, one)))
  })
}

const isAsked = (part: ShownPart): boolean =>
  shownApprovals([{ parts: [part] }]).some(({ interrupt }) => interrupt?.kind === 'approval_pending')

/** Returns whether two calls share a question, or have the same tool and arguments. Either may have run. */
function isEqual(one: ShownPart, other: ShownPart): boolean {
  const question = parseInterrupt(one.approval?.requestReason)?.id
  return question === parseInterrupt(other.approval?.requestReason)?.id || callOf(one) === callOf(other)
}

/** Returns the tool and its arguments as text. A model may write the keys of an object in any order. */
const callOf = ({ type, toolName, input }: ShownPart): string =>
  JSON.stringify([type, toolName, input], (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  )

/**
 * Continues the calls of a chat that wait for a sign-in, an account or a step-up. Call it when the user is back: the
 * server checks whether they did it. The AI SDK pauses a call only once: if it now needs an approval too, the person is
 * asked and the call ends. The model's next equal call uses the same question.
 */
export async function wake(chat: FollowedChat): Promise<void> {
  for (const { approvalId, interrupt } of interruptsOf(chat.messages)) {
    if (interrupt.kind !== 'approval_pending') await respond(chat, { id: approvalId, approved: true })
  }
}

/**
 * Adds a response, unless the user wrote another message meanwhile: a response to an earlier message would make the AI
 * SDK refuse each later request.
 */
async function respond(
  chat: FollowedChat,
  response: Parameters<FollowedChat['addToolApprovalResponse']>[0],
): Promise<void> {
  const isWaiting = interruptsOf(chat.messages).some(({ approvalId }) => approvalId === response.id)
  if (isWaiting) await chat.addToolApprovalResponse(response)
}

/** A problem that the answer of the route shows. The chat itself shows the others. */
type RouteProblem = Exclude<FollowProblem, keyof typeof causes>

interface Found {
  readonly answer?: { readonly approved: boolean; readonly reason?: string }
  readonly problem?: FollowProblem
  readonly cause?: unknown
  /** Seconds until the next poll. */
  readonly interval?: number
}

/** Asks the route once. Never throws. */
async function look(
  url: string,
  id: string,
  send: NonNullable<FollowOptions['fetch']>,
  stopped: AbortSignal,
): Promise<Found> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)])
  const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  // The app's own `fetch` may leave the signal out.
  return Promise.race([ask(url, id, send, signal), aborted]).catch((cause) => ({ problem: 'unavailable', cause }))
}

async function ask(
  url: string,
  id: string,
  send: NonNullable<FollowOptions['fetch']>,
  signal: AbortSignal,
): Promise<Found> {
  const to = `${url}/${encodeURIComponent(id)}`
  const response = await send(to, { signal, cache: 'no-store', headers: { accept: 'application/json' } })
  const body = ((await response.json().catch(() => undefined)) ?? {}) as Readonly<Record<string, unknown>>
  const found = foundIn(response, body)
  return typeof found === 'object' ? found : { problem: found, cause: new Error(causeOf(found, to, response, body)) }
}

/** Reads an answer of `approvalStatus`. */
function foundIn(
  { ok, status }: Response,
  { error, resolved, approved, reason, interval }: Readonly<Record<string, unknown>>,
): Found | RouteProblem {
  if (status === 401) return 'login_required'
  // A server also answers 404 for a route that it does not have.
  if (status === 404 && error === 'not_found') return 'unknown'
  if (!ok) return 'unavailable'
  if (resolved === false) return typeof interval === 'number' && interval > 0 ? { interval } : {}
  if (resolved !== true || typeof approved !== 'boolean') return 'unavailable'
  return { answer: { approved, ...(typeof reason === 'string' && { reason }) } }
}

function causeOf(
  problem: RouteProblem,
  to: string,
  { status, headers }: Response,
  { error }: Readonly<Record<string, unknown>>,
): string {
  const type = headers.get('content-type') ?? 'no content-type'
  const remedies: Readonly<Record<RouteProblem, string>> = {
    login_required: ': sign the user in, or give a `fetch` that sends their token',
    unknown:
      ': this user has no such question. Another user asked it, or the guard does not know it: use one guard for all requests, with a store that outlives it',
    unavailable:
      error === 'unavailable'
        ? ': the server cannot reach its store or the channel, or has no verified identity: its console says why'
        : ` (${type}), not as approvalStatus does: mount it there, or give \`url\``,
  }
  return `${to} answered ${status}${remedies[problem]}`
}
