import { AsyncLocalStorage } from 'node:async_hooks'
import type { Identity } from '@behalf/core'
import { plainCopy } from '@behalf/core/spi'
import { type RunConfig, type Surroundings, surroundingsOf, toldIdentity } from './run-config.ts'

/** A call as LangChain got it. */
export interface IncomingCall extends Surroundings {
  /** The arguments as the caller wrote them; `undefined` if they are not plain JSON. */
  readonly written: unknown
  /** The identity in the context of the run. */
  readonly told: Identity | undefined
}

/** The call that LangChain parses now, until the guard takes it. */
const scope = new AsyncLocalStorage<{ incoming: IncomingCall | undefined }>()

/** LangChain's `call` of a tool: parses its arguments, and runs the tool's body. */
export type ParsingCall = (this: unknown, input: unknown, ...rest: unknown[]) => unknown

/**
 * Keeps a call as it arrived. LangChain parses before the guard, and a schema that fills in another value each time
 * would give each try of a call another name. LangChain also waits before the guard, and the caller may fill in the
 * same objects for its next call during that time.
 */
export function keepingWritten(call: ParsingCall, name: string): ParsingCall {
  return function (input, given, ...rest) {
    const config = isRecord(given) ? ownToolCall(given, name, isToolCall(input)) : given
    const written = plainCopy(argumentsOf(input))
    const incoming = incomingOf(written, isRecord(config) ? config : {})
    const own = written === undefined ? input : withArguments(input, structuredClone(written))
    return scope.run({ incoming }, () => call.call(this, own, config, ...rest))
  }
}

/** Returns the call as its configuration describes it now. */
export const incomingOf = (written: unknown, config: RunConfig): IncomingCall => ({
  written,
  told: toldIdentity(config),
  ...surroundingsOf(config),
})

/** Takes the original call. `undefined` if the body was called without LangChain's `call`. */
export function takeIncoming(): IncomingCall | undefined {
  const kept = scope.getStore()
  if (kept === undefined) return undefined
  const { incoming } = kept
  // A call that the body makes in another way is not this call.
  kept.incoming = undefined
  return incoming
}

/** Tool calls with which tools were invoked, until LangChain parses them. */
const invoked = new WeakSet<object>()

/**
 * Wraps LangChain's `invoke` of a tool so that it records a tool call that is its input: a tool call in the
 * configuration may be of a tool around it.
 */
export function keepingToolCall(invoke: ParsingCall): ParsingCall {
  return function (input, ...rest) {
    if (!isToolCall(input)) return invoke.call(this, input, ...rest)
    const own = { ...input }
    invoked.add(own)
    return invoke.call(this, own, ...rest)
  }
}

/**
 * Returns a config with a copy of the tool call. If the tool call is of a tool around it with the same name, the copy has
 * no name.
 */
function ownToolCall(config: RunConfig, name: string, isInput: boolean): RunConfig {
  const { toolCall } = config
  if (toolCall?.name !== name) return config
  const isOwn = invoked.delete(toolCall) || isInput
  return { ...config, toolCall: { ...toolCall, ...(!isOwn && { name: '' }) } }
}

/** Returns whether `call` got a whole tool call, which it accepts too. */
const isToolCall = (input: unknown): input is { readonly args: unknown } =>
  isRecord(input) && input.type === 'tool_call' && isRecord(input.args)

const argumentsOf = (input: unknown): unknown => (isToolCall(input) ? input.args : input)

const withArguments = (input: unknown, args: unknown): unknown => (isToolCall(input) ? { ...input, args } : args)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
