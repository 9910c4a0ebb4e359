import type { Identity } from './identity.ts'

/**
 * Name by which a run can be found again: `[threadId, toolCallId]` if the framework persists both, or the caller's own
 * key in jobs. It is neither a secret nor a proof: a slot finds only records of its owner.
 */
export type Slot = string | readonly [threadId: string, callId: string]

/** One tool call, as an adapter passes it to the guard. */
export interface Invocation {
  /** Name of the tool that the model called. */
  readonly tool: string
  /**
   * Id of this call. The same slot and input name the same run: a write runs once for them. For 30 days, a later call gets
   * the first one's result, with `replayed: true`, and does nothing. So a constant slot, such as `'job-1'`, is one action.
   */
  readonly slot: Slot
  /** Input from the model. The policy's schema parses it before any other use. */
  readonly input: unknown
  /**
   * Input from the model before the framework parsed it, for adapters whose framework parses before the guard. It names
   * the run in place of `input`, so a schema with a random default does not give a second try another name. If it is
   * not plain JSON, `input` names the run.
   */
  readonly rawInput?: unknown
  /** Absent: only policies made by `publicTool` run. */
  readonly identity?: Identity | undefined
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined
}
