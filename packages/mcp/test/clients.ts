import { createMCPClient } from '@ai-sdk/mcp'
import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { MCPClient } from '@mastra/mcp'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { McpAccess } from '../src/client/index.ts'
import { PATIENCE_MS } from './world.ts'

/** A client of the guide's table, which connects by a session and asks for the tools. */
export interface TableClient {
  readonly name: string
  /** It makes its requests by the session's fetch. LangChain's takes none. */
  readonly takesFetch: boolean
  connect(session: McpAccess, serverUrl: string): Promise<void>
}

export const v2: TableClient = {
  name: 'the v2 SDK',
  takesFetch: true,
  async connect(session, serverUrl) {
    const client = new Client({ name: 'v2', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(serverUrl), session))
    await client.listTools()
    await client.close()
  },
}

export const clients: readonly TableClient[] = [
  v2,
  {
    name: 'the v1 SDK',
    takesFetch: true,
    async connect(session, serverUrl) {
      const client = new ClientV1({ name: 'v1', version: '1' })
      await client.connect(new TransportV1(new URL(serverUrl), session as never) as never)
      await client.listTools()
      await client.close()
    },
  },
  {
    name: 'LangChain’s client',
    takesFetch: false,
    async connect({ authProvider }, serverUrl) {
      const client = new MultiServerMCPClient({
        mcpServers: { stock: { transport: 'http', url: serverUrl, authProvider: authProvider as never } },
      })
      try {
        await client.getTools()
      } finally {
        await client.close()
      }
    },
  },
  {
    name: 'Mastra’s client',
    takesFetch: true,
    async connect({ authProvider, fetch }, serverUrl) {
      const client = new MCPClient({
        id: crypto.randomUUID(),
        servers: {
          stock: { url: new URL(serverUrl), authProvider: authProvider as never, fetch, connectTimeout: PATIENCE_MS },
        },
      })
      try {
        const { errors } = await client.listToolsWithErrors()
        if (Object.keys(errors).length > 0) throw new Error(JSON.stringify(errors))
      } finally {
        await client.disconnect()
      }
    },
  },
  {
    name: 'AI SDK’s client',
    takesFetch: true,
    async connect(session, serverUrl) {
      const transport = new StreamableHTTPClientTransport(new URL(serverUrl), session)
      const client = await createMCPClient({ transport: transport as never })
      await client.tools()
      await client.close()
    },
  },
]
