import { readTools } from '@behalf/core/spi'
import { tools as defined, type ToolName } from '@behalf/example-stock-agent'
import { type Tool, tool } from 'ai'

/**
 * The stock agent's tools in the AI SDK's form, not guarded yet: this app saves each call before its body acts, and
 * puts the guard before that. Another app would call `toAiTools(guard, tools, …)`.
 */
export const tools = Object.fromEntries(
  readTools('tools', defined).map(({ name, description, input, execute }) => [
    name,
    tool({ description, inputSchema: input as never, execute: execute as never }),
  ]),
) as unknown as Readonly<Record<ToolName, Tool>>
