export type {
  GuardRules,
  PageOf,
  PoliciesFor,
  Schemas,
} from '../guarded/mcp-tool.ts'
export { type GuardedTools, type GuardToolsOptions, guardTools } from './guard-tools.ts'
export type { McpTool, ToolSurroundings, ToolsOf } from './tool-context.ts'
