import type { Identity, Slot } from '@behalf/core'
import type { GuardedCall } from './guarded-tools.ts'

/** What LangChain hands to a tool beside its input, as far as it is read here. */
export interface RunConfig {
  /** What the app gave to this run. Neither checkpointed nor copied into traces, and so to be given again on resume. */
  readonly context?: { readonly identity?: Identity | undefined } | undefined
  /** Copied into traces by LangChain: no identity is ever read from it. */
  readonly configurable?: Readonly<Record<string, unknown>> | undefined
  /** Set by the tool nodes; `toolCall` by whoever invokes a tool with a tool call. */
  readonly toolCallId?: string | undefined
  readonly toolCall?: { readonly id?: string | undefined } | undefined
  readonly signal?: AbortSignal | undefined
}

/** The call that an answer belongs to. Absent: the tool was invoked with arguments alone. */
export function toolCallIdOf({ toolCallId, toolCall }: RunConfig): string | undefined {
  return toolCall?.id || toolCallId || undefined
}

/** The identity of this run, if any: as bound to the tools, else from the run's context. */
export function identityOf(call: GuardedCall, { context }: RunConfig): Identity | undefined {
  return call.identity ?? context?.identity
}

/**
 * Where a call is found again. Without a thread nothing is kept, so there is nothing to be found. Code in a node
 * that invokes a tool with arguments alone is known by its task, whose namespace is the same after a restart.
 */
export function slotOf(config: RunConfig): Slot {
  const { thread_id: thread, checkpoint_ns: task } = config.configurable ?? {}
  const callId = toolCallIdOf(config) ?? (typeof task === 'string' ? task : '')
  if (thread === undefined || thread === null || callId === '') return crypto.randomUUID()
  return [String(thread), callId]
}
