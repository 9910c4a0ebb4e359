import { parseInterrupt } from '@behalf/core/interrupts'
import { plainCopy } from '@behalf/core/spi'
import { asSchema, type FlexibleSchema, jsonSchema, type ModelMessage } from 'ai'
import { type CallInMessages, callIn, pauseOf, writtenIn } from '../messages/call-in-messages.ts'
import type { GuardedCall } from './guard-tools-options.ts'

/** A call in its original form. */
export interface IncomingCall {
  readonly input: unknown
  /** Input from the model, if the AI SDK parsed it just now. */
  readonly fresh: unknown
  readonly held: CallInMessages
  /** The AI SDK's own object, by which the calls are counted that the code of a tool makes. */
  readonly attempt: object
  readonly isModels: boolean
}

/**
 * Reads a call at once, because an app may reuse the same objects for its next call. Copies the arguments, unless the
 * guard is called with them before the first wait: then the guard copies them. The guard refuses an input that is not plain
 * JSON.
 */
export function incomingCall(
  name: string,
  input: unknown,
  execution: { readonly toolCallId: string; readonly messages?: readonly ModelMessage[] },
  isGuardedAtOnce = false,
): IncomingCall {
  const { toolCallId, messages = [] } = execution
  const written = writtenOf(input)
  const held = callIn(messages, toolCallId)
  const isModels = isMadeByModel(written, held, name)
  const isCopied = !isGuardedAtOnce || written === undefined || held.answered !== undefined
  return {
    input: isCopied ? (plainCopy(input) ?? input) : input,
    // A call by a tool's code has no such input. Copying a missing value would cost an error for each call.
    fresh: isCopied && written !== undefined ? (plainCopy(written) ?? written) : written,
    held,
    attempt: isModels ? execution : (execution.messages ?? execution),
    isModels,
  }
}

/**
 * Returns whether a model made this call itself. Then the call's id names it, however often the AI SDK makes it. A
 * tool's code makes all other calls: code may pass on a copy of its arguments, and the messages of a step stay the same
 * object.
 */
const isMadeByModel = (written: unknown, { call }: CallInMessages, name: string): boolean =>
  written !== undefined || call?.toolName === name

/**
 * Returns the arguments as the model wrote them, by which the guard names a call. For a call from messages, a client
 * could have written them, so they count only if the guard's own request was made for them. A promise for these only.
 */
export function rawInputOf(call: GuardedCall, { input, fresh, held }: IncomingCall): unknown {
  return fresh !== undefined || held.answered === undefined ? (fresh ?? input) : ownRawInput(call, input, held)
}

async function ownRawInput(
  { options: { guard, threadId } }: GuardedCall,
  input: unknown,
  { id, answered = {} as never }: CallInMessages,
): Promise<unknown> {
  const interrupt = parseInterrupt(answered.reason)
  const [written] = writtenIn(answered, input)
  const isOwn = interrupt !== undefined && (await guard.pauses.isOwn(interrupt, pauseOf(threadId, id, input, written)))
  return isOwn ? written : input
}

/** Original inputs of the model, by the objects that a tool's schema made of them. */
const written = new WeakMap<object, unknown>()

/**
 * Wraps the tool's own schema so that it remembers its inputs. The AI SDK parses before the guard, and again when it
 * replays a model's answer. A schema that fills in random values would otherwise give each attempt another name.
 */
export function rememberingWritten(given: FlexibleSchema<unknown>): FlexibleSchema<unknown> {
  const schema = asSchema(given)
  const { validate } = schema
  if (validate === undefined) return given
  return jsonSchema(() => schema.jsonSchema, {
    async validate(value) {
      const result = await validate(value)
      if (result.success && typeof result.value === 'object' && result.value !== null) written.set(result.value, value)
      return result
    },
  })
}

/**
 * Returns the model's original for a parsed input. `undefined` if the AI SDK passes another object, as it does from
 * messages.
 */
const writtenOf = (input: unknown): unknown =>
  typeof input === 'object' && input !== null ? written.get(input) : undefined
