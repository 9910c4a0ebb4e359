export type {
  GuardRules,
  McpTool,
  PageOf,
  PoliciesFor,
  Schemas,
  ToolSurroundings,
  ToolsOf,
} from '../guarded-tools/mcp-tool.ts'
export { type GuardedTools, type GuardToolsOptions, guardTools } from './guard-tools.ts'
