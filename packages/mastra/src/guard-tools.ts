import { ConfigurationError } from '@behalf/core'
import { bodyOf, withPolicies } from '@behalf/core/spi'
import { isVercelTool } from '@mastra/core/tools'
import { type Execute, guardExecute } from './guard-execute.ts'
import type { AnyTool, GuardedCall, GuardToolsOptions } from './guard-tools-options.ts'
import { isWakeUp, orOurs, ourInterrupt } from './wake-up.ts'
import { readerOf, rememberingWritten } from './written-by.ts'

const optionKeys = ['guard', 'policies', 'identity', 'onError', 'onReplayed']

/**
 * Puts the guard before each tool, for agents, workflows and MCP servers. Types, schemas and ids stay as they are, and
 * the tools that were passed in are not changed.
 *
 * A call that needs a person suspends with the interrupt as its payload. On resume, the guard checks again, whatever
 * the resume data is. A refusal is thrown as a `ToolAuthorizationError`, and the model reads its fixed sentence. A call
 * that must wait in a step of the app's own is thrown too: the step's code would continue without a result.
 *
 * @throws ConfigurationError An unknown option; a tool without a policy, with one that this guard cannot serve, or
 *   without `execute`; a tool of the AI SDK.
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
  // Copied once: the app may reuse the same object for the tools of its next request.
  const own = { ...options }
  const guarded = withPolicies(owner, Object.entries<AnyTool>(tools), options, optionKeys)
  return Object.fromEntries(guarded.map((each) => [each.name, guardTool({ ...each, owner, options: own })])) as Tools
}

/** Clones a tool with its prototype: a new tool would lose its marker and its own rules for approvals. */
function guardTool(given: Omit<GuardedCall, 'read'>): AnyTool {
  const { owner, name, tool } = given
  const at = `${owner}.tools.${name}`
  const execute = bodyOf(at, tool.execute)
  if (isVercelTool(tool)) {
    throw new ConfigurationError(
      at,
      'is a tool of the AI SDK, which Mastra tells neither its run nor whether it is a background task: make it with createTool',
    )
  }
  const { resumeSchema, suspendSchema } = tool
  const inputSchema = tool.inputSchema && rememberingWritten(tool.inputSchema)
  const read = inputSchema === undefined ? async (input: unknown) => input : readerOf(inputSchema)
  const call = { ...given, read }
  const clone = Object.assign(Object.create(Object.getPrototypeOf(tool)), tool) as AnyTool
  return withOwn(clone, {
    // Bound to the tool, as Mastra calls it.
    execute: guardExecute((execute as Execute).bind(tool), call),
    ...(inputSchema !== undefined && { inputSchema }),
    ...(resumeSchema !== undefined && { resumeSchema: orOurs(resumeSchema, isWakeUp) }),
    ...(suspendSchema !== undefined && {
      suspendSchema: orOurs(suspendSchema, (payload) => ourInterrupt(payload, name) !== undefined),
    }),
  })
}

/** Defines the members. An assignment would call setters of a tool's own class. */
function withOwn(clone: AnyTool, members: Partial<AnyTool>): AnyTool {
  for (const [key, value] of Object.entries(members)) {
    Object.defineProperty(clone, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return clone
}
