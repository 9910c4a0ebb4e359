import { ConfigurationError, type Identity, type Interrupt, type Json, type ToolAuthorizationError } from '@behalf/core'
import { atOnce, identityOfCall, plainCopy, tellError } from '@behalf/core/spi'
import type { AnyRunContext, GuardedCall } from './guard-tools-options.ts'

/** Returns for whom this call is made. */
export const identityOf = ({ owner, name, options }: GuardedCall): Identity | undefined =>
  identityOfCall(owner, options.identity, (error) => tellError(error, name, options))

const PROMISE = 'returned a promise, and is asked within each call: find the answer before the run, and return it'

const REALTIME =
  'is in a session of a realtime agent, which does not tell what the schema of a tool parsed, and stores no call that waits: run an Agent with these tools, such as in a tool of the realtime agent'

/**
 * Refuses a call of a realtime session. Such a session writes its history, whose items have ids, into the app's context
 * before each call.
 */
function demandRun({ owner, name }: GuardedCall, { context }: AnyRunContext): void {
  const history: unknown = context?.history
  const isItem = (item: unknown) => typeof item === 'object' && item !== null && 'itemId' in item
  if (!Array.isArray(history) || !history.some(isItem)) return
  throw new ConfigurationError(`${owner}.tools.${name}`, REALTIME)
}

/** @throws ConfigurationError The app's function returned no id. */
function threadOf({ owner, options: { threadId } }: GuardedCall, runContext: AnyRunContext): string {
  const thread: unknown =
    typeof threadId === 'function' ? atOnce(`${owner}.threadId`, threadId(runContext), PROMISE) : threadId
  if (typeof thread === 'string' && thread !== '') return thread
  throw new ConfigurationError(`${owner}.threadId`, 'give the id under which the conversation is stored')
}

/** Returns the arguments as the model wrote them. The guard refuses a text that is not JSON. */
export function argumentsIn(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * Name of a call's pause for the guard. It is bound to the arguments: a party that keeps the saved run could change
 * them.
 */
export const pauseOf = ([thread, id]: readonly [string, string], input: Json): Json => [thread, id, input]

/** Result of a preflight: the interrupt of a call that waits, or the refusal for the model. */
export type Finding = { readonly interrupt: Interrupt } | { readonly refusal: ToolAuthorizationError }

/** A run of the framework. */
export interface Run {
  /** Id of the run, also after a restart. Call ids alone are not enough: a model may repeat those of an earlier run. */
  readonly id: string
  /** Results of the preflights of its calls, by {@link findingKey}: `needsApproval` can only return a boolean. */
  readonly findings: Map<string, Finding>
  /** Calls before which the framework asked a guarded tool, by {@link findingKey} without arguments. */
  readonly asked: Set<string>
  /** Times at which the runs of replayed results began, by call id, until the framework takes them. */
  readonly replays: Map<string, number>
}

const runs = new WeakMap<object, Run>()

/** Returns the run of a context. An agent that is used as a tool gets its own one, which shares the usage. */
export const runOf = (runContext: AnyRunContext): Run =>
  runs.get(runContext.usage) ?? restoredRun(runContext, crypto.randomUUID())

export function restoredRun({ usage }: AnyRunContext, id: string): Run {
  const run = { id, findings: new Map<string, Finding>(), asked: new Set<string>(), replays: new Map<string, number>() }
  runs.set(usage, run)
  return run
}

/** Returns the slot of a model's call. @throws ConfigurationError The call is in a realtime session. */
export function slotOf(call: GuardedCall, runContext: AnyRunContext, callId: string): readonly [string, string] {
  demandRun(call, runContext)
  return [threadOf(call, runContext), `${runOf(runContext).id}/${callId}`]
}

/** Name of a call within its run. */
export const findingKey = (tool: string, callId: string | undefined, input: unknown): string =>
  JSON.stringify([tool, callId, plainCopy(input)])
