import type { Identity, Slot } from '@behalf/core'
import { principalKey, slotWithin } from '@behalf/core/spi'
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons'

/** Config that LangChain passes to a tool besides its input: the parts that are read here. */
export interface RunConfig {
  /**
   * Context that the app gave to this run. It is not checkpointed, so pass it again on resume. Tracers may copy it: an
   * identity shows only issuer and subject.
   */
  readonly context?: { readonly identity?: Identity | undefined } | undefined
  /** LangChain copies it into traces, so no identity is ever read from it. */
  readonly configurable?: Readonly<Record<string, unknown>> | undefined
  /**
   * Set by LangChain if a tool is invoked with a tool call, as the tool nodes do. Their `toolCallId` alone proves
   * nothing: a tool's code passes it on with its config.
   */
  readonly toolCall?: { readonly id?: string | undefined; readonly name?: string | undefined } | undefined
  readonly toolCallId?: unknown
  /** Argument of the tool nodes: the graph's state, or its messages. */
  readonly state?: unknown
  /** LangGraph's own: an object for each attempt of a node. Absent in older versions. */
  readonly executionInfo?: object | undefined
  readonly signal?: AbortSignal | undefined
  /** LangGraph's writer: its chunks go to `streamMode: 'custom'`. */
  readonly writer?: ((chunk: unknown) => void) | null | undefined
}

/** Copies a configuration, because the app may reuse the same object for its next call. */
export const copyOf = <Config extends RunConfig>(config: Config): Config =>
  config.configurable === undefined ? { ...config } : { ...config, configurable: { ...config.configurable } }

/** The call that an answer belongs to. Absent: the tool was invoked with arguments alone. */
export const toolCallIdOf = ({ toolCall }: RunConfig): string | undefined => toolCall?.id || undefined

/** The identity in the context of a run. */
export const toldIdentity = ({ context }: RunConfig): Identity | undefined => context?.identity ?? undefined

/**
 * Returns the identity of this run, if there is one: bound to a tool, or in the run's context. If both are set, they
 * must be equal.
 */
export function identityOf(
  { identity: bound }: { readonly identity?: Identity | undefined },
  told: Identity | undefined,
): Identity | undefined | 'conflict' {
  if (bound === undefined || told === undefined) return bound ?? told
  return callerOf(bound) === callerOf(told) ? bound : 'conflict'
}

/**
 * Returns the principal of a call and the party that acts for it: a user's own login has more rights than an agent or a
 * job of theirs.
 */
const callerOf = (identity: Identity): string => {
  const { actor, delegationId = null } = identity.kind === 'user' ? identity : { actor: undefined }
  const acting = actor === undefined ? null : [actor.issuer ?? null, actor.subject, actor.clientId ?? null]
  return JSON.stringify([principalKey(identity), identity.clientId ?? null, acting, delegationId])
}

/** Surroundings of a call when it is made. */
export interface Surroundings {
  /** Id of the message that makes the call, if the run's state has it. */
  readonly message: string | undefined
  /** LangChain's own config for each attempt of the calling code. It exists even if code passes no config. */
  readonly around: RunConfig | undefined
}

export const surroundingsOf = (config: RunConfig): Surroundings => ({
  message: messageOf(config),
  around: AsyncLocalStorageProviderSingleton.getRunnableConfig(),
})

/**
 * Returns the slot of a call. Without a thread, nothing is stored, so there is nothing to find. Models repeat their
 * call ids, so the name includes the message that makes the call. Code in a node that invokes a tool with arguments
 * alone is named by its task, whose namespace is the same after a restart, and by the call that it works for.
 */
export function slotOf(config: RunConfig, tool: string, input: unknown, { message, around }: Surroundings): Slot {
  const { thread_id: thread, checkpoint_ns: task } = config.configurable ?? {}
  const id = toolCallIdOf(config)
  const code = typeof config.toolCallId === 'string' ? JSON.stringify([task, config.toolCallId]) : task
  const callId = id === undefined || message === undefined ? (id ?? code) : JSON.stringify([message, id])
  if (thread === undefined || thread === null || typeof callId !== 'string' || callId === '') return crypto.randomUUID()
  const attempt = config.toolCall?.name === tool ? undefined : codeOf(config, around)
  return slotWithin([String(thread), callId], { tool, input, attempt })
}

/** Object that identifies code. With a node's attempt, if the object may be the same in the next attempt. */
type Mark = readonly [mark: object | undefined, node?: object | undefined]

/** Calling code, by its marks. */
const code = new WeakMap<object, WeakMap<object, object>>()
const noNode = {}

/**
 * Returns an object for the code that makes this call. It lives as long as one attempt of a node, or of a tool that a
 * middleware runs again.
 *
 * Code may pass on its whole config, parts or a copy of it, or its own signal or timeout, also within other Runnables and
 * tools. No object is the same in all of these calls, so any one of several objects identifies the code.
 */
function codeOf(
  { toolCall, toolCallId = toolCall?.id, signal, executionInfo }: RunConfig,
  around: RunConfig = {},
): object {
  // LangChain runs only the code of its own tools in separate surroundings.
  const isOfNode = around.executionInfo !== undefined
  const marks: readonly Mark[] = [
    isOfNode && toolCallId !== undefined ? [toolCall, executionInfo] : [around.configurable ?? executionInfo],
    [executionInfo && signal, executionInfo],
  ]
  const known = marks.map(([mark, node = noNode]) => mark && code.get(mark)?.get(node))
  const own = known.find((one) => one !== undefined) ?? {}
  for (const [mark, node = noNode] of marks) {
    if (mark !== undefined) code.set(mark, (code.get(mark) ?? new WeakMap()).set(node, own))
  }
  return own
}

/** Returns the id of the message that makes the call, if the state has it. LangGraph keeps it, like the call's id. */
function messageOf(config: RunConfig): string | undefined {
  const { state } = config
  const id = toolCallIdOf(config)
  const messages: unknown = isRecord(state) && 'messages' in state ? state.messages : state
  if (id === undefined || !Array.isArray(messages)) return undefined
  const message = messages.findLast((one) => isRecord(one) && makes(one, id))
  return typeof message?.id === 'string' ? message.id : undefined
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const makes = ({ tool_calls: calls }: Readonly<Record<string, unknown>>, id: string): boolean =>
  Array.isArray(calls) && calls.some((call) => isRecord(call) && call.id === id)
