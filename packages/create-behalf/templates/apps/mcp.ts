import { createServer } from 'node:http'
import { mcpResourceServer, nodeHandler, toMcpTools } from '@behalf/mcp/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { guard, server } from '../guards/sandbox-mcp.ts'
import { buy } from '../tools.ts'

const guarded = toMcpTools(guard, [buy])
// Verifies the caller of each request, and serves the metadata by which clients find the login.
const gate = mcpResourceServer({ ...server, guarded })
const mcp = createMcpHandler(() =>
  guarded.register(new McpServer({ name: 'trader', version: '1.0.0' }, guarded.serverOptions)),
)

const { href, hostname, port } = new URL(server.resource)
createServer(nodeHandler(gate, mcp.fetch)).listen(Number(port), hostname, () => console.log(`MCP server: ${href}`))
