import { guardTools, interruptsOf } from '@behalf/ai-sdk'
import type { UserIdentity } from '@behalf/core'
import { policies } from '@behalf/example-stock-agent'
import {
  consumeStream,
  convertToModelMessages,
  createUIMessageStreamResponse,
  isStepCount,
  streamText,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import type { StockApp } from './app.ts'
import { callsToGoOn, isRunning, keepingCalls } from './begun-calls.ts'
import { modelOf } from './model.ts'
import { noAnswer, toldAsNoAnswer } from './no-answer.ts'
import { giveUpWaiting, settleWaiting } from './settle-waiting.ts'
import { tools } from './tools.ts'

/** One request to the chat route. */
export interface Turn {
  readonly id: string
  readonly owner: string
  readonly identity: UserIdentity | undefined
  /** Text of the user. Absent: continue the waiting calls. */
  readonly text?: string | undefined
  /** Version of an adopted conversation that the user saw, and chose to continue. */
  readonly seen?: number | undefined
  /** Returns whether the browser's login is still the same. */
  isPresent(): Promise<boolean>
}

/** Reason why there is nothing to stream. The page then reloads the conversation. */
export type Still = 'not_found' | 'waits' | 'nothing_waits' | 'login_required'

/**
 * Continues a conversation, one turn at a time.
 *
 * Reads texts, calls and answers from their stores, and never from the request: a browser can only add its user's text.
 */
export async function converse(app: StockApp, turn: Turn): Promise<Response | Still> {
  const { id, owner } = turn
  const release = await app.locks.take(id)
  let streams = false
  try {
    // The previous turn may have taken long: sends no question for a user who has logged out since.
    if (!(await turn.isPresent())) return 'login_required'
    const kept = app.conversations.read(owner, id)
    if (kept === undefined && (app.conversations.isTaken(id) || turn.text === undefined)) return 'not_found'
    const before = kept?.messages ?? []
    // Another person may have begun it before the login, and the model would follow their words.
    if (kept?.isAdopted === true && turn.seen !== kept.version) return 'waits'
    if (kept?.isAdopted === true) app.conversations.save(owner, id, before)
    const ready = turn.text === undefined ? await goOn(app, turn, before) : say(before, turn.text)
    if (typeof ready === 'string') return ready
    app.conversations.save(owner, id, ready)
    const stream = await reply(app, turn, ready)
    streams = true
    return createUIMessageStreamResponse({
      stream,
      headers: { 'cache-control': 'no-store' },
      // Reads the stream to its end, even if the browser leaves: a placed order must be in the conversation.
      consumeSseStream: async ({ stream: copy }) => {
        await consumeStream({ stream: copy, onError: () => {} })
        release()
      },
    })
  } finally {
    if (!streams) release()
  }
}

function say(before: readonly UIMessage[], text: string): readonly UIMessage[] | Still {
  const messages = giveUpWaiting(before)
  if (interruptsOf(messages).length > 0 || callsToGoOn(messages).length > 0) return 'waits'
  return [...messages, { id: crypto.randomUUID(), role: 'user', parts: [{ type: 'text', text }] }]
}

async function goOn(app: StockApp, turn: Turn, before: readonly UIMessage[]): Promise<readonly UIMessage[] | Still> {
  const { guard, conversations } = app
  const context = { guard, identity: turn.identity, threadId: turn.id }
  if (interruptsOf(before).length === 0) {
    if (!isUnfinished(before)) return 'nothing_waits'
    return (await isRunning(before, context)) ? 'waits' : before
  }
  const settled = await settleWaiting(before, context)
  if (settled.status === 'answered') return settled.messages
  if (settled.messages !== before) conversations.save(turn.owner, turn.id, settled.messages)
  return 'waits'
}

/**
 * Returns whether the server ended during a turn: the user's text, or a person's answer, was saved and not continued.
 */
export function isUnfinished(messages: readonly UIMessage[]): boolean {
  const last = messages.at(-1)
  if (last === undefined || last.role === 'user') return last !== undefined
  return last.parts.some((part) => 'state' in part && part.state === 'approval-responded')
}

async function reply(
  { guard, settings, conversations }: StockApp,
  { id, owner, identity, isPresent }: Turn,
  messages: readonly UIMessage[],
) {
  // The user's own portfolio: a real app would read it from its data. It guides the model, and grants nothing.
  const portfolio = identity && `p-${identity.subject}`
  const save = (now: readonly UIMessage[]) => conversations.save(owner, id, now)
  const kept = keepingCalls(tools, messages, { save, isPresent })
  const guarded = guardTools(kept, {
    guard,
    policies,
    identity,
    threadId: id,
    onError: (error) => console.error(error),
  })
  const result = streamText({
    model: modelOf(settings, portfolio),
    instructions: `You trade shares for the user. ${
      portfolio === undefined
        ? 'No user is signed in. Before anything that is the user’s own, call whoami: it lets them log in.'
        : `Their own portfolio is ${portfolio}.`
    }`,
    // A call of an interrupted answer never ran, and has no result: with it, no model would accept the messages.
    messages: await convertToModelMessages([...messages], { tools, ignoreIncompleteToolCalls: true }),
    ...guarded,
    stopWhen: isStepCount(5),
    // A model that stops sending would hold the conversation, and its lock, forever.
    timeout: { stepMs: settings.modelSeconds * 1000 },
    onError: ({ error }) => console.error(error),
  })
  const stream = toUIMessageStream({
    stream: result.stream,
    tools: guarded.tools,
    originalMessages: [...messages],
    generateMessageId: () => crypto.randomUUID(),
    sendReasoning: false,
    redactToolErrors: true,
    onError: () => noAnswer,
    onEnd: ({ messages: all }) => conversations.save(owner, id, all),
  })
  return toldAsNoAnswer(stream)
}
