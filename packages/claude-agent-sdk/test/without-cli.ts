import type { HookJSONOutput, PreToolUseHookInput } from '@anthropic-ai/claude-agent-sdk'
import type { AnyTool, GuardedTools } from '../src/index.ts'

type Result = Awaited<ReturnType<AnyTool['handler']>>

/** What a call came to. */
export interface Went {
  readonly decision: string | undefined
  readonly reason: string | undefined
  readonly result: Result | undefined
  readonly told: string
}

/** What the CLI hands to a hook. */
export const hookInput = (
  tool: string,
  input: unknown,
  over: Partial<PreToolUseHookInput> = {},
): PreToolUseHookInput => ({
  hook_event_name: 'PreToolUse',
  session_id: 'session-1',
  transcript_path: '/x',
  cwd: '/x',
  prompt_id: 'prompt-1',
  tool_name: `mcp__behalf__${tool}`,
  tool_input: input,
  tool_use_id: 'call-1',
  mcp_server: { name: 'behalf', source: 'sdk' },
  ...over,
})

export async function asked(guarded: GuardedTools, input: PreToolUseHookInput): Promise<HookJSONOutput | undefined> {
  const options = { signal: new AbortController().signal }
  return guarded.hooks.PreToolUse?.[0]?.hooks[0]?.(input, input.tool_use_id, options)
}

export const extraOf = (callId: string) => ({ _meta: { 'claudecode/toolUseId': callId } })

/** Calls a tool as the CLI does: the hook first, and the tool if the hook allows it. `args`: what the tool gets. */
export async function called(
  guarded: GuardedTools,
  tool: string,
  input: unknown,
  { args = input, ...over }: { readonly args?: unknown } & Partial<PreToolUseHookInput> = {},
): Promise<Went> {
  const given = hookInput(tool, input, over)
  const output = (await asked(guarded, given)) as { readonly hookSpecificOutput?: Record<string, string> } | undefined
  const { permissionDecision: decision, permissionDecisionReason: reason } = output?.hookSpecificOutput ?? {}
  const one = guarded.tools.find(({ name }) => name === tool)
  const runs = decision === 'allow' && one !== undefined
  const result = runs ? await one.handler(args, extraOf(given.tool_use_id)) : undefined
  return { decision, reason, result, told: JSON.stringify(result?.content ?? reason ?? '') }
}
