import type { PreToolUseHookInput } from '@anthropic-ai/claude-agent-sdk'
import type { Guard, Interrupt, Json } from '@behalf/core'
import { identityOfCall, plainCopy, tellError } from '@behalf/core/spi'
import type { GuardContext, GuardedCall, PendingCall } from './guard-tools-options.ts'

/** The session, the id and the arguments of a call. */
export type Named = Pick<PendingCall, 'sessionId' | 'callId' | 'input'>

/** A call as the hook saw it: its session, and its arguments before anything could change them. */
export interface SeenCall extends Named {
  readonly agentId: string | undefined
  /** Changes with each prompt. Absent for a call that a resumed session makes again. */
  readonly promptId: string | undefined
  /** Name of the tool: without the prefix of the server, if the tool is guarded here. */
  readonly tool: string
  readonly isOurs: boolean
  /**
   * Whether the call has reached its tool, or a policy allowed Claude Code to run its own tool. Further calls under its id
   * come from the tool's own code.
   */
  isTaken: boolean
}

/** State of the guarded tools of one `query`. */
export interface Request extends Required<Pick<GuardContext, 'server' | 'pending'>>, Pick<GuardContext, 'identity'> {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly guard: Guard
  readonly onError: GuardContext['onError']
  readonly calls: ReadonlyMap<string, GuardedCall>
  /** Calls under way, by id. Only the hook gets the session, and only the tool gets the final arguments. */
  readonly seen: Map<string, SeenCall>
  /** Calls that were found to wait, by id. */
  readonly waiting: Map<string, PendingCall>
  /** The call that was deferred. Claude Code keeps one of a turn, the last. */
  deferred: SeenCall | undefined
}

export const slotOf = ({ sessionId, callId }: Named): readonly [string, string] => [sessionId, callId]

/**
 * Name of a call's pause for the guard. It is bound to the arguments: a party that keeps the pending calls could change
 * them.
 */
export const pauseOf = ({ sessionId, callId, input }: Named): Json => [sessionId, callId, input]

/** A call for the guard, with the arguments as the model wrote them. */
export function invocationOf(request: Request, tool: string, call: Named) {
  const { input } = call
  const identity = identityOfCall(request.owner, request.identity, (error) => tellError(error, tool, request))
  return { tool, slot: slotOf(call), input, rawInput: input, identity }
}

/** Reads a hook's input before anything is waited for. */
export function seenCall({ server }: Request, given: PreToolUseHookInput): SeenCall {
  const { session_id, tool_use_id, agent_id, prompt_id, tool_name, tool_input, mcp_server } = given
  const prefix = `mcp__${server}__`
  const isOurs = mcp_server?.source === 'sdk' && mcp_server.name === server && tool_name.startsWith(prefix)
  return {
    sessionId: session_id,
    callId: tool_use_id,
    agentId: agent_id,
    promptId: prompt_id,
    tool: isOurs ? tool_name.slice(prefix.length) : tool_name,
    input: plainCopy(tool_input) ?? null,
    isOurs,
    isTaken: false,
  }
}

/**
 * Returns the calls that wait beside a deferred one. Claude Code defers one call, so these run with it. Another party
 * may have changed what the app stored: only calls with the guard's proof count.
 */
export async function callsBeside({ guard, pending }: Request, call: SeenCall): Promise<readonly PendingCall[]> {
  const those = pending.filter(({ sessionId, agentId }) => sessionId === call.sessionId && agentId === undefined)
  if (!those.some(({ callId }) => callId === call.callId)) return []
  const others = those.filter(({ callId }) => callId !== call.callId)
  const own = await Promise.all(others.map((other) => guard.pauses.isOwn(other.interrupt, pauseOf(other))))
  return others.filter((_, index) => own[index])
}

/** Records that a call waits, with an interrupt that is bound to it. */
export async function noteWaiting(
  { guard, waiting }: Request,
  call: Named & { readonly agentId?: string | undefined },
  interrupt: Interrupt,
): Promise<void> {
  const { sessionId, callId, agentId, input } = call
  const bound = await guard.pauses.bind(interrupt, pauseOf(call))
  waiting.set(callId, { sessionId, callId, ...(agentId !== undefined && { agentId }), input, interrupt: bound })
}
