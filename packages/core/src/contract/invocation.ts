import type { Identity } from './identity.ts'

/**
 * Where a run may be found again: `[threadId, toolCallId]` where the framework persists both, the
 * caller's own key in jobs. Not a secret and not a proof: a slot finds a record of its owner only.
 */
export type Slot = string | readonly [threadId: string, callId: string]

/** One tool call, as an adapter hands it to the guard. */
export interface Invocation {
  /** Name of the tool that the model called. */
  readonly tool: string
  /** Id of this attempt. The same slot and input name the same run. */
  readonly slot: Slot
  /** What the model wrote. Parsed by the policy's schema before anything looks at it. */
  readonly input: unknown
  /**
   * For adapters whose framework parses by itself, before the guard: what the model wrote. It names the run in place of
   * `input`, so that a schema with a random default gives a second try no other name. What is no plain JSON names nothing:
   * there `input` does.
   */
  readonly rawInput?: unknown
  /** Absent: only policies made by `publicTool` run. */
  readonly identity?: Identity | undefined
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined
}
