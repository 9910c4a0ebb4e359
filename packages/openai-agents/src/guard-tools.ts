import { ConfigurationError } from '@behalf/core'
import { isGuarded, withPolicies } from '@behalf/core/spi'
import { guardInvoke } from './guard-invoke.ts'
import type { AnyTool, GuardToolsOptions } from './guard-tools-options.ts'
import { needsApprovalOf } from './needs-approval.ts'
import { customDataOf } from './replayed.ts'

const optionKeys = ['guard', 'policies', 'identity', 'threadId', 'onError']

/**
 * Puts the guard before each tool. Types, schemas and guardrails stay as they are, and the tools that were passed in
 * are not changed.
 *
 * `needsApproval` decides without running: a call that needs a person interrupts the run. `invoke` decides again, so an
 * approval in an edited state runs nothing. The model reads a refusal as the result of the call; code of another tool
 * gets a `ToolAuthorizationError`. Give the tools `errorFunction: null`: else the framework hides what a body threw.
 *
 * @throws ConfigurationError An unknown option; a tool without a policy, or with one that this guard cannot serve; a
 *   tool under another name; a hosted tool, which runs on another server; an agent as a tool, whose own tools need the
 *   guard; a tool with an `outputSchema`, which no refusal fits.
 */
export function guardTools<Tools extends Readonly<Record<string, AnyTool>>>(
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): Tools {
  return guardNamed('guardTools', tools, options)
}

/** Does so for the function that the app called, which errors name. */
export function guardNamed<Tools extends Readonly<Record<string, AnyTool>>>(
  owner: string,
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): Tools {
  // Read once, because the app may reuse the same object for the tools of its next request.
  const own = { ...options }
  const named = withPolicies(owner, Object.entries<AnyTool>(tools), options, optionKeys)
  if (typeof options.threadId !== 'function' && (typeof options.threadId !== 'string' || options.threadId === '')) {
    throw new ConfigurationError(`${owner}.threadId`, 'give the id under which the conversation is stored')
  }
  const guarded = named.map(({ name, tool, policy }) => {
    const problem = problemOf(name, tool)
    if (problem !== undefined) throw new ConfigurationError(`${owner}.tools.${name}`, problem)
    const { customDataExtractor } = tool
    const functions = {
      invoke: tool.invoke.bind(tool),
      needsApproval: tool.needsApproval.bind(tool),
      ...(customDataExtractor !== undefined && { customDataExtractor }),
    }
    const call = { owner, name, policy, own: functions, options: own }
    const members = {
      invoke: guardInvoke(call),
      needsApproval: needsApprovalOf(call),
      customDataExtractor: customDataOf(call),
    }
    // Symbols are copied too: the framework keeps namespaces in them.
    const descriptors = Object.getOwnPropertyDescriptors({ ...tool, ...members })
    return [name, Object.create(Object.getPrototypeOf(tool), descriptors)] as const
  })
  return Object.fromEntries(guarded) as Tools
}

function problemOf(name: string, tool: AnyTool): string | undefined {
  if (tool.type !== 'function' || typeof tool.invoke !== 'function') {
    return `is a tool of type "${String(tool.type)}", which runs out of the guard's reach: leave it out, or give a tool of tool()`
  }
  if (tool.name !== name) return `is "${tool.name}" for the model: give it under that name`
  if ('on' in tool) return 'is an agent: guard the tools of that agent, and give the agent as it is'
  if (isGuarded(tool.invoke)) return 'is guarded already: give the tool as it was made'
  if (tool.outputSchema !== undefined) return 'has an outputSchema, which no refusal fits: leave outputSchema out'
  return undefined
}
