import { ConfigurationError, type Guard, type Identity, type Policy } from '@behalf/core'
import type { Tool, ToolApprovalStatus, ToolSet } from 'ai'
import { approvalOf } from './approval-of.ts'
import { guardExecute } from './guard-execute.ts'

/** A policy for each tool, whose input is what the tool's `execute` takes. */
export type PoliciesFor<Tools> = {
  readonly [Name in keyof Tools]: Policy<Tools[Name] extends Tool<infer Input> ? Input : never>
}

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools> {
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /** For whom the model acts, as verified for this request. Absent: only public tools run. */
  readonly identity?: Identity | undefined
  /** The conversation's id: where a call may be found again after a restart. Not a secret and not a proof. */
  readonly threadId: string
  /**
   * Gets what a tool's body threw, and the tool's name. The model is told a fixed sentence instead.
   * Also gets a fault of the guard itself. What it throws is dropped.
   * @default the error is dropped
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** What `generateText` and `streamText` take: `{ ...guardTools(tools, options) }`. */
export interface GuardedTools<Tools> {
  readonly tools: Tools
  readonly toolApproval: { readonly [Name in keyof Tools]: ToolApprovalFunction }
}

/** Asked before a call, with the model's input. Never rejects. */
export type ToolApprovalFunction = (input: unknown, call: { readonly toolCallId: string }) => Promise<ToolApprovalStatus>

const optionKeys = ['guard', 'policies', 'identity', 'threadId', 'onError']

/**
 * Puts the guard before each tool. Make it anew for each request, with the identity of that request.
 *
 * `toolApproval` decides without running: a refusal reaches the model, and a call that needs a person
 * pauses with the interrupt as its `reason`. `execute` decides again, so a forged approval runs nothing.
 * `execute` gets the input as the policy parsed it, frozen. Of a generator tool only the last value is
 * passed on. The tools that were passed in are not changed.
 *
 * @throws ConfigurationError An unknown option; a tool without a policy, without `execute`, or with a `needsApproval` of its own.
 */
export function guardTools<Tools extends ToolSet>(
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): GuardedTools<Tools> {
  const unknown = Object.keys(options).find((key) => !optionKeys.includes(key))
  if (unknown !== undefined) {
    throw new ConfigurationError(`guardTools.${unknown}`, `is not an option here; there are ${optionKeys.join(', ')}`)
  }
  if (typeof options.threadId !== 'string' || options.threadId === '') {
    throw new ConfigurationError('guardTools.threadId', 'give the id under which the conversation is stored')
  }
  const guarded = Object.entries<ToolSet[string]>(tools).map(([name, tool]) => {
    const call = { name, policy: policyOf(options.policies, name), options }
    return { name, tool: { ...tool, execute: guardExecute(executeOf(name, tool), call) }, approval: approvalOf(call) }
  })
  return {
    tools: Object.fromEntries(guarded.map(({ name, tool }) => [name, tool])) as Tools,
    toolApproval: Object.fromEntries(guarded.map(({ name, approval }) => [name, approval])) as Record<
      keyof Tools,
      ToolApprovalFunction
    >,
  }
}

function policyOf(policies: Readonly<Record<string, Policy>>, name: string): Policy {
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (policy !== undefined) return policy
  throw new ConfigurationError(`guardTools.policies.${name}`, 'is missing: give policy(…) or publicTool(…)')
}

function executeOf(name: string, { execute, needsApproval }: ToolSet[string]) {
  if (typeof execute !== 'function') {
    throw new ConfigurationError(`guardTools.tools.${name}`, 'has no execute, so nothing here could be guarded')
  }
  if (needsApproval !== undefined) {
    throw new ConfigurationError(`guardTools.tools.${name}.needsApproval`, 'would go unheard: say approval in the policy')
  }
  return execute
}
