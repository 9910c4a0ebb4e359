import type { Identity, Json } from '@behalf/core'
import { plainCopy } from '@behalf/core/spi'
import { parseCallbackConfigArg } from '@langchain/core/callbacks/manager'
import { copyOf, isRecord, type RunConfig, type Surroundings, surroundingsOf, toldIdentity } from './run-config.ts'

/** A call as LangChain got it. */
export interface IncomingCall extends Surroundings {
  /** The arguments as the caller wrote them; `undefined` if they are not plain JSON. */
  readonly written: unknown
  /** The identity in the context of the run. */
  readonly told: Identity | undefined
}

/** Calls that LangChain parses now, by the marks of their configurations, until the guard takes them. */
const parsing = new WeakMap<object, IncomingCall>()

/** Object that is of this call only. A copy of its configuration has it too: code around `call` may pass on a copy. */
const markOf = (config: RunConfig): object => config.configurable ?? config

/** LangChain's `call` of a tool: parses its arguments, and runs the tool's body. */
export type ParsingCall = (this: unknown, input: unknown, ...rest: unknown[]) => unknown

/**
 * Keeps a call as it arrived. LangChain parses before the guard, and a schema that fills in another value each time
 * would give each try of a call another name. LangChain also waits before the guard, and the caller may fill in the
 * same objects for its next call during that time.
 */
export function keepingWritten(call: ParsingCall, name: string): ParsingCall {
  return function (input, given, ...rest) {
    const config = ownConfig(given, name, isToolCall(input))
    const written = plainCopy(argumentsOf(input))
    const own = written === undefined ? input : withArguments(input, thawed(written))
    // LangChain hands this configuration to the body, so it names the call. A context would cost each call twice as much.
    parsing.set(markOf(config), incomingOf(written, config))
    return call.call(this, own, config, ...rest)
  }
}

/** Returns a copy that a schema may change. `structuredClone` takes ten times as long. */
const thawed = (value: Json): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(thawed)
  const copy: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value)) copy[key] = thawed(member)
  return copy
}

/** Returns the call as its configuration describes it now. */
export function incomingOf(written: unknown, config: RunConfig): IncomingCall {
  const { message, around } = surroundingsOf(config)
  return { written, told: toldIdentity(config), message, around }
}

/** Takes the original call. `undefined` if the body was called without LangChain's `call`. */
export function takeIncoming(config: RunConfig): IncomingCall | undefined {
  const incoming = parsing.get(markOf(config))
  // A call that the body makes in another way is not this call.
  parsing.delete(markOf(config))
  return incoming
}

/** Tool calls with which tools were invoked, until LangChain parses them. Code around `invoke` may wait before that. */
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
 * Copies the configuration of a call with its tool call. If the tool call is of a tool around it with the same name, the
 * copy has no name.
 */
function ownConfig(given: unknown, name: string, isInput: boolean): RunConfig {
  // LangChain also takes callbacks in place of a configuration.
  const config = parseCallbackConfigArg(given as never) as RunConfig
  const { toolCall } = config
  const own = copyOf(config)
  if (toolCall?.name !== name || invoked.delete(toolCall)) return own
  return { ...own, toolCall: { ...toolCall, name: isInput ? name : '' } }
}

/** Returns whether `call` got a whole tool call, which it accepts too. */
const isToolCall = (input: unknown): input is { readonly args: unknown } =>
  isRecord(input) && input.type === 'tool_call' && isRecord(input.args)

const argumentsOf = (input: unknown): unknown => (isToolCall(input) ? input.args : input)

const withArguments = (input: unknown, args: unknown): unknown => (isToolCall(input) ? { ...input, args } : args)
