export type {
  GuardRules,
  McpTool,
  PageOf,
  PoliciesFor,
  Schemas,
  ToolSurroundings,
  ToolsOf,
} from '../guarded/mcp-tool.ts'
export type { AnySchema, OutputOf, ToolHints } from '../guarded/schema.ts'
export { type AuthCarrier, identityOf, type McpAuthInfo } from './auth-info.ts'
export { type GuardedTools, type GuardToolsOptions, guardTools } from './guard-tools.ts'
export { type HonoContext, honoHandler } from './hono-handler.ts'
export { type Admission, type McpHandler, type McpResourceServer, mcpResourceServer } from './mcp-resource-server.ts'
export { type NodeBodyRequest, type NodeHandlerOptions, type NodeStreamResponse, nodeHandler } from './node-handler.ts'
export type { RequestStateOptions } from './request-state.ts'
export type { McpResourceServerOptions, ToolRules } from './resource-server-options.ts'
export type { GateRefusal } from './tell-refusal.ts'
export { toMcpTools } from './to-mcp-tools.ts'
