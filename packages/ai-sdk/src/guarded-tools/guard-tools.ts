import { ConfigurationError } from '@behalf/core'
import { bodyOf, withPolicies } from '@behalf/core/spi'
import type { ToolSet } from 'ai'
import { guardExecute } from './guard-execute.ts'
import type { GuardedTools, GuardToolsOptions, ToolApprovalFunction } from './guard-tools-options.ts'
import { rememberingWritten } from './raw-input.ts'
import { approvalOf } from './tool-approval.ts'

const optionKeys = ['guard', 'policies', 'identity', 'threadId', 'streaming', 'onError', 'onReplayed']

/**
 * Puts the guard before each tool. Call it once per request, with the identity of that request.
 *
 * `toolApproval` decides without running: a refusal reaches the model, and a call that needs a person pauses with the
 * interrupt as its `reason`. `execute` decides again, so a forged approval runs nothing. `execute` gets the input as
 * the policy parsed it, frozen. An async generator still streams, and a replay of the call returns its last value. Does
 * not change the tools that were passed in.
 *
 * @throws ConfigurationError An option is unknown, or `streaming` names a tool that does not exist. A tool has no
 *   policy, or one that this guard cannot serve. A tool has no `execute`, or has its own `needsApproval`. The code of a
 *   tool calls or finds other tools (`experimental_toolCaller`, `toolSearch`): the AI SDK then runs another tool instead.
 */
export function guardTools<Tools extends ToolSet>(
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): GuardedTools<Tools> {
  return guardNamed('guardTools', tools, options)
}

/** Does so for the function that the app called, which errors name. */
export function guardNamed<Tools extends ToolSet>(
  owner: string,
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): GuardedTools<Tools> {
  // Read once, because the app may reuse the same object for the tools of its next request.
  const own = { ...options }
  const named = withPolicies(owner, Object.entries<ToolSet[string]>(tools), options, optionKeys)
  if (typeof options.threadId !== 'string' || options.threadId === '') {
    throw new ConfigurationError(`${owner}.threadId`, 'give the id under which the conversation is stored')
  }
  const { streaming = [] } = options
  const missing = streaming.find((name) => !Object.hasOwn(tools, name))
  if (missing !== undefined)
    throw new ConfigurationError(`${owner}.streaming`, `there is no tool ${String(missing)}: give names of the tools`)
  const guarded = named.map(({ name, tool, policy }) => {
    const at = `${owner}.tools.${name}`
    const execute = bodyOf(at, tool.execute)
    demandGuardable(at, tool)
    const streams = streaming.includes(name) || isGeneratorFunction(execute)
    const call = { owner, name, policy, streams, options: own }
    // Called as a method of the tool, as the AI SDK does.
    const guarded = guardExecute(execute.bind(tool), call)
    const { inputSchema } = tool
    const schema = inputSchema && { inputSchema: rememberingWritten(inputSchema) }
    return { name, tool: { ...membersOf(tool), ...schema, execute: guarded }, approval: approvalOf(call) }
  })
  return {
    tools: Object.fromEntries(guarded.map(({ name, tool }) => [name, tool])) as Tools,
    toolApproval: Object.fromEntries(guarded.map(({ name, approval }) => [name, approval])) as Record<
      keyof Tools,
      ToolApprovalFunction
    >,
  }
}

/** Returns all members of a tool that the AI SDK may read. The tool may be an instance of a class. */
function membersOf(tool: object): object {
  const names = chainOf(tool).flatMap((holder) => Reflect.ownKeys(holder))
  return Object.fromEntries(names.filter((name) => name !== 'constructor').map((name) => [name, memberOf(tool, name)]))
}

/** Returns a member of the tool. A method is bound to the original object: a copy has none of its private fields. */
function memberOf(tool: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(tool, name)
  const [, ...classes] = chainOf(tool)
  const isMethod = classes.some((holder) => Object.getOwnPropertyDescriptor(holder, name)?.value === value)
  return isMethod && typeof value === 'function' ? value.bind(tool) : value
}

/** Returns an object and its prototypes, without the prototype of all objects. */
const chainOf = (object: object | null): readonly object[] =>
  object === null || object === Object.prototype ? [] : [object, ...chainOf(Object.getPrototypeOf(object))]

/** Checks the tag, which other realms share. */
export const isGeneratorFunction = (execute: unknown) =>
  Object.prototype.toString.call(execute) === '[object AsyncGeneratorFunction]'

/** Names by which the AI SDK recognizes a tool whose `execute` it replaces. */
const replaced = ['experimental_toolCaller', Symbol.for('vercel.ai.toolSearch')]

function demandGuardable(at: string, tool: ToolSet[string]): void {
  if (tool.needsApproval !== undefined) {
    throw new ConfigurationError(`${at}.needsApproval`, 'would have no effect: give approval in the policy')
  }
  const key = replaced.find((one) => one in tool)
  if (key === undefined) return
  throw new ConfigurationError(
    `${at}.${typeof key === 'string' ? key : key.description}`,
    'lets the AI SDK run another execute, without the guard: leave this tool out, and guard the tools that it calls or finds',
  )
}
