import { ConfigurationError, type Policy } from '@behalf/core'
import { callerScopesOf } from '@behalf/core/resource-server'
import { bodyOf, withPolicies } from '@behalf/core/spi'
import { type GuardedTool, type GuardRules, guardRuleKeys, type McpTool } from './mcp-tool.ts'

const MAX_WAIT_SECONDS = 50

/** Checks tools, policies and rules, and pairs each tool with its policy. */
export function guardedToolsOf(
  owner: string,
  tools: Readonly<Record<string, McpTool>>,
  given: GuardRules & { readonly policies: Readonly<Record<string, Policy>> },
  more: readonly string[] = [],
): readonly GuardedTool[] {
  // Copied: an app may reuse the same object for its next server.
  const options = { ...given }
  const named = withPolicies(owner, Object.entries(tools), options, [...guardRuleKeys, 'policies', ...more])
  const { waitSeconds = 0, list } = options
  if (waitSeconds !== 0 && !(Number.isFinite(waitSeconds) && waitSeconds >= 1 && waitSeconds <= MAX_WAIT_SECONDS)) {
    throw new ConfigurationError(
      `${owner}.waitSeconds`,
      `is ${JSON.stringify(waitSeconds)}: give seconds from 1 to ${MAX_WAIT_SECONDS}, since clients give up after a minute, or 0`,
    )
  }
  if (list !== undefined && list !== 'permitted' && list !== 'all') {
    throw new ConfigurationError(`${owner}.list`, "give 'permitted' or 'all'")
  }
  return named.map((each) => {
    bodyOf(`${owner}.tools.${each.name}`, each.tool?.execute)
    return { ...each, owner, tool: copyOf(each.tool), rules: options }
  })
}

/**
 * Copies the fields of a tool, and reads each once. Its body stays a method, since a tool may be an instance of a
 * class.
 */
function copyOf(tool: McpTool): McpTool {
  const { title, description, inputSchema, outputSchema } = tool
  const [annotations, _meta] = structuredClone([tool.annotations, tool._meta])
  const execute = tool.execute.bind(tool)
  return { title, description, inputSchema, outputSchema, annotations, _meta, execute } as McpTool
}

type CallerScopes = ReadonlyMap<string, readonly string[]>

/** Sets of guarded tools that are not registered on any server of this process, by their caller scopes. */
const unregistered = new WeakSet<CallerScopes>()

/** Returns the scopes that a caller's token must have, by tool. A gate requires them. */
export function callerScopesBy(guarded: readonly GuardedTool[]): CallerScopes {
  const callerScopes = new Map(guarded.map(({ name, policy }) => [name, callerScopesOf(policy)]))
  if (guarded.length > 0) unregistered.add(callerScopes)
  return callerScopes
}

/** Records that the tools are registered on a server. */
export const markRegistered = (callerScopes: CallerScopes): void => void unregistered.delete(callerScopes)

/**
 * Warns on the console, once, that these tools are registered on no server: the app forgot `register`. Clients would
 * see a server without tools, and no other message would say why.
 */
export function tellUnregistered(callerScopes: CallerScopes | undefined): void {
  if (callerScopes === undefined || !unregistered.delete(callerScopes)) return
  const names = [...callerScopes.keys()].join(', ')
  console.error(
    `@behalf/mcp: a request was served, and no server has the guarded tools (${names}): call \`guarded.register(server)\` for each server`,
  )
}
