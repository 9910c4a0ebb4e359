import { ConfigurationError, type Invocation } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import {
  behindGuard,
  denySentences,
  refusalParts,
  resultOf,
  shownError,
  slotWithin,
  tellApp,
  tellFault,
  toolRefusal,
} from '@behalf/core/spi'
import type { ToolExecutionOptions } from 'ai'
import { type CallInMessages, pauseOf } from '../messages/call-in-messages.ts'
import type { GuardedCall } from './guard-tools-options.ts'
import { type IncomingCall, incomingCall, rawInputOf } from './raw-input.ts'
import { reportUnasked, wasAsked } from './tool-approval.ts'

export type Execute = (input: unknown, options: ToolExecutionOptions<unknown>) => unknown

/**
 * Returns the tool's `execute` behind `guard.run`.
 *
 * The AI SDK streams an async iterable at once, and shows each value. So a streaming tool needs a generator here, and
 * another tool must not have one.
 */
export const guardExecute = (execute: Execute, call: GuardedCall): Execute =>
  behindGuard(call.streams ? streaming(execute, call) : awaiting(execute, call))

function awaiting(execute: Execute, call: GuardedCall): Execute {
  return async (input, options) => {
    const own = { ...options }
    try {
      const incoming = incomingCall(call.name, input, options, true)
      return await runGuarded(call, incoming, own, (parsed) => lastOf(execute(parsed, own)))
    } catch (error) {
      throw shownEnd(error, call, own)
    }
  }
}

/** Sentence for a call that was ended by its time limit. It is true wherever the call was, and for each policy of a write. */
const lateSentence =
  'This call was ended before its result was there, and may have done the action. The same call, made again, does not repeat the action without the user: it gives the result, asks the user, or is refused.'

/**
 * The AI SDK shows the model the error of a call that ended after its time limit, and goes on: the model has to read that
 * it may ask again.
 */
function shownEnd(error: unknown, call: GuardedCall, { abortSignal }: ToolExecutionOptions<unknown>): unknown {
  const shown = shownError(error, call.name, call.options, abortSignal)
  const isLate =
    abortSignal?.aborted === true && shown === abortSignal.reason && (shown as Error)?.name === 'TimeoutError'
  return isLate ? toolRefusal('unavailable', lateSentence) : shown
}

function streaming(execute: Execute, call: GuardedCall): Execute {
  // Copies the arguments at once, and not when the generator begins.
  return (input, options) => flowOf(execute, call, incomingCall(call.name, input, options), { ...options })
}

async function* flowOf(
  execute: Execute,
  call: GuardedCall,
  incoming: IncomingCall,
  options: ToolExecutionOptions<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  try {
    const result = await runGuarded(call, incoming, options, (parsed) => boxed(execute(parsed, options)))
    // A repeat returns the last value of the stream.
    if (!isAsyncIterable(result)) yield result
    else for await (const { output } of result as AsyncIterable<Boxed>) yield output
  } catch (error) {
    throw shownEnd(error, call, options)
  }
}

async function runGuarded(
  call: GuardedCall,
  incoming: IncomingCall,
  execution: ToolExecutionOptions<unknown>,
  body: (parsed: unknown) => unknown,
): Promise<unknown> {
  const { name, policy, options } = call
  const { guard, identity, threadId } = options
  const { input, held, attempt, isModels } = incoming
  const given = rawInputOf(call, incoming)
  const rawInput = given instanceof Promise ? await given : given
  const slot = slotWithin([threadId, held.id], { tool: name, input: rawInput, attempt })
  const invocation = { tool: name, slot, input, rawInput, identity, signal: execution.abortSignal } as const
  if (held.answered !== undefined) await demandAsked(call, invocation, held)
  let began = false
  const outcome = await guard.run(policy, invocation, (parsed) => {
    began = true
    return body(parsed)
  })
  const isKnown = isModels || isOfAttempt(options, JSON.stringify([name, slot, rawInput]), attempt)
  if (outcome.status === 'interrupted' && isModels && !wasAsked(call)) reportUnasked(call)
  const ranAt = outcome.status === 'done' ? outcome.ranAt : undefined
  if (ranAt !== undefined) tellApp(() => options.onReplayed?.({ tool: name, toolCallId: held.id, ranAt }))
  if (outcome.status !== 'done' || began || isKnown) return resultOf(outcome, name, options)
  throw new ConfigurationError(`${call.owner}.messages`, PART)
}

const PART =
  'are not those of the AI SDK, so this call cannot be distinguished from an equal earlier one: pass on all that the code received'

/** By the tools of a request: for each call, the attempt in which code made it first. */
const attempts = new WeakMap<object, Map<string, object>>()

/** Returns whether this attempt of code made a call first, as far as the tools of this request know. */
function isOfAttempt(tools: object, call: string, attempt: object): boolean {
  const known = attempts.get(tools) ?? new Map<string, object>()
  attempts.set(tools, known)
  const first = known.get(call) ?? attempt
  known.set(call, first)
  return first === attempt
}

/**
 * Checks a call that messages call approved: the guard must have made the request, or have a record of the call. A
 * client can write a call that no model made, its request and the answer. Such a call runs nothing, even if the guard
 * cannot decide now and could a moment later.
 */
async function demandAsked(
  { policy, options }: GuardedCall,
  invocation: Invocation,
  { id, answered }: CallInMessages,
): Promise<void> {
  const { guard, threadId } = options
  const { tool, input, rawInput } = invocation
  const interrupt = parseInterrupt(answered?.reason)
  const isOwn = interrupt?.tool === tool
  if (isOwn && (await guard.pauses.isOwn(interrupt, pauseOf(threadId, id, input, rawInput)))) return
  const outcome = await guard.preflight(policy, invocation)
  tellFault(outcome, tool, options)
  if (outcome.trace.approvalId !== undefined) return
  if (outcome.status === 'ready') throw toolRefusal('not_permitted', denySentences.not_permitted)
  throw toolRefusal(...refusalParts(outcome))
}

interface Boxed {
  readonly output: unknown
}

/**
 * Yields the values of a streaming tool, each in a box: each is a whole output that replaces the one before, and not a
 * piece of a text. The last one is the result, as in the AI SDK.
 */
async function* boxed(returned: unknown): AsyncGenerator<Boxed, unknown, undefined> {
  const values = isAsyncIterable(returned) ? returned : await returned
  let last: unknown
  for await (const output of isAsyncIterable(values) ? values : [values]) {
    last = output
    yield { output }
  }
  return last
}

/** Reads an iterable that a plain function returned, within the call, where credentials work. Its last value counts. */
async function lastOf(returned: unknown): Promise<unknown> {
  const values = isAsyncIterable(returned) ? returned : await returned
  if (!isAsyncIterable(values)) return values
  let last: unknown
  for await (const value of values) last = value
  return last
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
