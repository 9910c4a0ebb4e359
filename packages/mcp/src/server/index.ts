export { type AuthCarrier, identityOf, type McpAuthInfo } from '../guarded-tools/auth-info.ts'
export type {
  GuardRules,
  McpTool,
  PageOf,
  PoliciesFor,
  Schemas,
  ToolSurroundings,
  ToolsOf,
} from '../guarded-tools/mcp-tool.ts'
export type { AnySchema, OutputOf, ToolHints } from '../guarded-tools/schema.ts'
export { type HonoContext, honoHandler } from '../resource-server/hono-handler.ts'
export {
  type Admission,
  type McpHandler,
  type McpResourceServer,
  mcpResourceServer,
} from '../resource-server/mcp-resource-server.ts'
export {
  type NodeBodyRequest,
  type NodeHandlerOptions,
  type NodeStreamResponse,
  nodeHandler,
} from '../resource-server/node-handler.ts'
export type { McpResourceServerOptions, ToolRules } from '../resource-server/resource-server-options.ts'
export type { GateRefusal } from '../resource-server/tell-refusal.ts'
export { type GuardedTools, type GuardToolsOptions, guardTools } from './guard-tools.ts'
export type { RequestStateOptions } from './request-state.ts'
export { toMcpTools } from './to-mcp-tools.ts'
