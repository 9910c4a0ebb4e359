import type { Guard, Profile } from '@behalf/core'
import { tools } from '@behalf/example-stock-agent'
import { type McpResourceServerOptions, mcpResourceServer, nodeHandler, toMcpTools } from '@behalf/mcp/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

export interface StockServerOptions {
  /** The MCP endpoint as clients know it. */
  readonly resource: string
  readonly authorizationServer: Profile
  readonly guard: Guard
  readonly dpop?: McpResourceServerOptions['dpop']
}

/** The stock agent's tools as an MCP server over Streamable HTTP, under the same policies as everywhere. */
export function stockServer({ resource, authorizationServer, guard, dpop }: StockServerOptions) {
  const guarded = toMcpTools(guard, tools, { waitSeconds: 0 })
  const gate = mcpResourceServer({
    resource,
    authorizationServer,
    scopes: ['mcp:tools'],
    guarded,
    // Orders need more scopes than the other tools; the policy decides whether this user may place them.
    tools: { create_order: { scopes: ['mcp:trade'] } },
    metadata: { name: 'Stock Trade', scopes: ['mcp:tools'] },
    dpop,
  })
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'stock-trade', version: '1.0.0' }, guarded.serverOptions)),
  )
  return nodeHandler(gate, mcp.fetch)
}
