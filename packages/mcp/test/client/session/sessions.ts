import { memoryStore } from '@behalf/core'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpSession, type McpSession, type McpSessionOptions, withSignIn } from '../../../src/client/index.ts'
import type { Browser } from '../../browser.ts'
import { PATIENCE_MS, type World } from '../../world.ts'

export const redirectUri = 'http://127.0.0.1/callback'

/** A session of an unregistered client. */
export function open(world: World, browser: Browser, over: Partial<McpSessionOptions> = {}): McpSession {
  return createMcpSession({
    serverUrl: world.resource,
    owner: 'ann',
    client: { name: 'An unknown agent', redirectUri },
    showSignIn: (url) => browser.show(url),
    store: memoryStore(),
    timeoutMs: PATIENCE_MS,
    ...over,
  })
}

export async function connect(world: World, session: McpSession): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), session))
  return client
}

/** Connects and calls one tool, with as many sign-ins as it takes. */
export async function call(world: World, session: McpSession, browser: Browser, name = 'whoami', input: object = {}) {
  return withSignIn(session, browser.callback, async () => {
    const client = await connect(world, session)
    try {
      return await client.callTool({ name, arguments: { ...input } })
    } finally {
      await client.close()
    }
  })
}
