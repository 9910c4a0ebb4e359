import type { HookCallback, HookJSONOutput, HookPermissionDecision } from '@anthropic-ai/claude-agent-sdk'
import { ConfigurationError, type Interrupt, type Policy } from '@behalf/core'
import { denySentences, interruptSentences, plainCopy, tellError, tellFault } from '@behalf/core/spi'
import type { BuiltInOptions, PendingCall } from './guard-tools-options.ts'
import { callsBeside, invocationOf, noteWaiting, type Request, type SeenCall, seenCall } from './request.ts'

function decided(permissionDecision: HookPermissionDecision, reason?: string): HookJSONOutput {
  const decision = { hookEventName: 'PreToolUse', permissionDecision } as const
  return { hookSpecificOutput: reason === undefined ? decision : { ...decision, permissionDecisionReason: reason } }
}

/** Decides on each call before it runs. Never rejects, and never changes arguments. */
export function preToolUse(request: Request, builtIn: BuiltInOptions | undefined): HookCallback {
  return async (given, _id, { signal }) => {
    if (given.hook_event_name !== 'PreToolUse') return {}
    const call = seenCall(request, given)
    const { isOurs, tool } = call
    request.seen.set(call.callId, call)
    request.waiting.delete(call.callId)
    try {
      if (isOurs) return await decideOurs(request, call)
      if (builtIn === undefined) return {}
      const policy = Object.hasOwn(builtIn.policies, tool) ? builtIn.policies[tool] : undefined
      if (policy !== undefined) return await decideBuiltIn(request, call, policy, signal)
      return builtIn.unguarded?.includes(tool) === true ? {} : decided('deny', denySentences.no_policy)
    } catch (error) {
      tellError(error, tool, request)
      return decided('deny', denySentences.misconfigured)
    }
  }
}

/** Denies shell commands in the text of a skill: they run without a tool call, so no policy covers them. */
export const denySkillCommands: HookCallback = async () => {
  const decision = { permissionDecision: 'deny', permissionDecisionReason: denySentences.no_policy } as const
  return { hookSpecificOutput: { hookEventName: 'PreSkillShellCommand', ...decision } }
}

/** Runs the preflight of a guarded tool. The tool asks the guard again when it runs. */
async function decideOurs(request: Request, call: SeenCall): Promise<HookJSONOutput> {
  const { guard, calls, waiting, pending } = request
  const policy = calls.get(call.tool)?.policy
  if (policy === undefined) return decided('deny', denySentences.no_policy)
  const outcome = await guard.preflight(policy, invocationOf(request, call.tool, call))
  tellFault(outcome, call.tool, request)
  // The tool waits instead of the hook, since it can react to an abort.
  const waits = outcome.status === 'interrupted' && outcome.maxWaitSeconds === undefined
  const beside = await callsBeside(request, call)
  const open = await Promise.all(beside.map((other) => noteIfOpen(request, other)))
  if (waits || open.includes(true)) {
    // All of them are carried out later, also those that have their answer.
    for (const one of [...pending.filter(({ callId }) => callId === call.callId), ...beside]) {
      if (!waiting.has(one.callId)) waiting.set(one.callId, one)
    }
    return waits ? wait(request, call, outcome.interrupt) : decided('defer')
  }
  // A refused call runs too, if its result must report the calls beside it.
  const isRefused = outcome.status === 'denied' || outcome.status === 'unavailable'
  return isRefused && beside.length === 0 ? decided('deny', outcome.message) : decided('allow')
}

async function noteIfOpen(request: Request, other: PendingCall): Promise<boolean> {
  const { tool } = other.interrupt
  const policy = request.calls.get(tool)?.policy
  if (policy === undefined) return false
  const outcome = await request.guard.preflight(policy, invocationOf(request, tool, other))
  if (outcome.status !== 'interrupted') return false
  await noteWaiting(request, other, outcome.interrupt)
  return true
}

/**
 * Decides on a tool that Claude Code runs. No code of ours runs with it, so the decision and the approval are consumed
 * here. A second call under this id is refused.
 */
async function decideBuiltIn(
  request: Request,
  call: SeenCall,
  policy: Policy,
  signal: AbortSignal,
): Promise<HookJSONOutput> {
  const { tool } = call
  const outcome = await request.guard.run(policy, { ...invocationOf(request, tool, call), signal }, (_, { access }) => {
    if (Object.keys(access).length > 0) {
      const problem = 'cannot reach a tool that is not ours: leave it out'
      throw new ConfigurationError(`${request.owner}.builtIn.policies.${tool}.access`, problem)
    }
    call.isTaken = true
    return null
  })
  tellFault(outcome, tool, request)
  if (outcome.status === 'done') return call.isTaken ? decided('allow') : decided('deny', denySentences.unknown_outcome)
  return outcome.status === 'interrupted' ? wait(request, call, outcome.interrupt) : decided('deny', outcome.message)
}

/** Defers a call, or tells the model to wait: Claude Code defers one call of a turn, and loses a subagent's. */
async function wait(request: Request, call: SeenCall, interrupt: Interrupt): Promise<HookJSONOutput> {
  await noteWaiting(request, call, interrupt)
  const { deferred } = request
  const isBeside = deferred !== undefined && deferred.callId !== call.callId && deferred.promptId === call.promptId
  if (call.agentId !== undefined || isBeside) return decided('deny', interruptSentences[interrupt.kind])
  request.deferred = call
  return decided('defer')
}

/** Deletes a call that has ended. Reports to the app if Claude Code ran the tool with other arguments. */
export function postToolUse(request: Request): HookCallback {
  return async (given) => {
    if (given.hook_event_name !== 'PostToolUse' && given.hook_event_name !== 'PostToolUseFailure') return {}
    const { tool_use_id, tool_name, tool_input } = given
    const seen = request.seen.get(tool_use_id)
    request.seen.delete(tool_use_id)
    const isChanged = JSON.stringify(seen?.input) !== JSON.stringify(plainCopy(tool_input))
    if (seen?.isTaken === true && !seen.isOurs && isChanged) {
      const problem = 'ran with other arguments than the guard checked: let no other hook change them'
      tellError(new ConfigurationError(`${request.owner}.builtIn.policies.${tool_name}`, problem), tool_name, request)
    }
    return {}
  }
}
