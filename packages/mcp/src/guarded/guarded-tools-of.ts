import { ConfigurationError, type Policy } from '@behalf/core'
import { callerScopesOf } from '@behalf/core/resource-server'
import { withPolicies } from '@behalf/core/spi'
import { type GuardedTool, type GuardRules, guardRuleKeys, type McpTool } from './mcp-tool.ts'
import { refuseUnknownKeys } from './options.ts'

const MAX_WAIT_SECONDS = 50

/** Checks tools, policies and rules, and puts each tool together with its policy. */
export function guardedToolsOf(
  tools: Readonly<Record<string, McpTool>>,
  given: GuardRules & { readonly policies: Readonly<Record<string, Policy>> },
  more: readonly string[] = [],
): readonly GuardedTool[] {
  // Copied: an app may fill in the same object for its next server.
  const options = { ...given }
  refuseUnknownKeys('guardTools', options, [...guardRuleKeys, 'policies', ...more])
  const { guard, waitSeconds = 0, list } = options
  if (typeof guard?.run !== 'function') throw new ConfigurationError('guardTools.guard', 'give what createGuard made')
  if (waitSeconds !== 0 && !(Number.isFinite(waitSeconds) && waitSeconds >= 1 && waitSeconds <= MAX_WAIT_SECONDS)) {
    throw new ConfigurationError(
      'guardTools.waitSeconds',
      `is ${JSON.stringify(waitSeconds)}: give seconds from 1 to ${MAX_WAIT_SECONDS}, since clients give up after a minute, or 0`,
    )
  }
  if (list !== undefined && list !== 'permitted' && list !== 'all') {
    throw new ConfigurationError('guardTools.list', "is 'permitted' or 'all'")
  }
  return withPolicies(Object.entries(tools), options).map((each) => {
    if (typeof each.tool?.execute !== 'function') {
      throw new ConfigurationError(`guardTools.tools.${each.name}`, 'has no execute, so nothing here could be guarded')
    }
    return { ...each, tool: copyOf(each.tool), rules: options }
  })
}

/** The fields of a tool, each read once. Its body stays a method: a tool may be an instance of a class. */
function copyOf(tool: McpTool): McpTool {
  const { title, description, inputSchema, outputSchema, mayAskClient } = tool
  const [annotations, _meta] = structuredClone([tool.annotations, tool._meta])
  const execute = tool.execute.bind(tool)
  return { title, description, inputSchema, outputSchema, mayAskClient, annotations, _meta, execute } as McpTool
}

/** By tool, what the token of its caller must carry: what a gate asks of it. */
export const callerScopesBy = (guarded: readonly GuardedTool[]): ReadonlyMap<string, readonly string[]> =>
  new Map(guarded.map(({ name, policy }) => [name, callerScopesOf(policy)]))
