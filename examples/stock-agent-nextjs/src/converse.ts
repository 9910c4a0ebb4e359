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
  /** What the user says. Absent: go on with what waited. */
  readonly text?: string | undefined
  /** The version of an adopted conversation which the user saw, and said to go on with. */
  readonly seen?: number | undefined
  /** Whether the browser's login is still the one that it was. */
  isPresent(): Promise<boolean>
}

/** Why there is nothing to stream. The page then reloads the conversation. */
export type Still = 'not_found' | 'waits' | 'nothing_waits' | 'login_required'

/**
 * Goes on with a conversation, one turn at a time.
 *
 * What was said, called and answered is read from where it is kept, and never from the request: a browser adds
 * words of its user, and nothing else.
 */
export async function converse(app: StockApp, turn: Turn): Promise<Response | Still> {
  const { id, owner } = turn
  const release = await app.locks.take(id)
  let streams = false
  try {
    // The turn before this one may have taken long: no question is sent for a user who has logged out since.
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
      // To its end, whether or not the browser stays: an order that was placed must be in the conversation.
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

/** The server ended in the middle: the user's words, or an answer of a person, were kept and not gone on with. */
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
  // The user's own portfolio: a real app would look it up. It guides the model, and opens nothing.
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
    // A call of an answer that was cut off never ran, and has no result: with it, no model could be asked any more.
    messages: await convertToModelMessages([...messages], { tools, ignoreIncompleteToolCalls: true }),
    ...guarded,
    stopWhen: isStepCount(5),
    // A model that says nothing more would hold the conversation, and its lock, for ever.
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
