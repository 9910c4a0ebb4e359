import type { Fetch, Store } from '@behalf/core'
import { auth } from '@modelcontextprotocol/client'
import { createMcpSession, type McpSession, type McpSessionOptions } from '../../../src/client/index.ts'

// An app's second process: the store and the servers are the first one's, and are asked over the channel between them.

export interface Question {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}
export interface Answer {
  readonly id: number
  readonly value: unknown
}
export interface Ended {
  readonly ended: unknown
}

export const optionsOver = (
  store: Store,
  fetch: Fetch,
  showSignIn: McpSessionOptions['showSignIn'] = () => {},
): McpSessionOptions => ({
  serverUrl: 'https://mcp.example/mcp',
  owner: 'ann',
  client: { name: 'x', redirectUri: 'http://127.0.0.1/callback' },
  store,
  keys: { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) },
  showSignIn,
  fetch,
})

/** A session that an SDK has led to its authorization server already. */
export function openSession(options: McpSessionOptions): McpSession {
  const session = createMcpSession(options)
  const issuer = 'https://as.example'
  void session.authProvider.saveDiscoveryState?.({
    authorizationServerUrl: issuer,
    authorizationServerMetadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
    },
  })
  return session
}

if (process.send !== undefined && process.argv[2] === 'refresh') {
  const waiting = new Map<number, (value: unknown) => void>()
  const ask = (method: string, args: readonly unknown[]): Promise<unknown> => {
    const id = waiting.size
    process.send?.({ id, method, args } satisfies Question)
    return new Promise((resolve) => waiting.set(id, resolve))
  }
  process.on('message', ({ id, value }: Answer) => waiting.get(id)?.(value))
  const method =
    (name: string) =>
    (...args: unknown[]) =>
      ask(name, args)
  const names = ['now', 'get', 'put', 'delete', 'claimDue', 'list', 'increment']
  const methods = Object.fromEntries(names.map((name) => [name, method(name)]))
  const store = { specificationVersion: 2, durable: false, ...methods } as unknown as Store
  const fetch: Fetch = async (input, init) => {
    const answer = await ask('fetch', [String(input), String(init?.body ?? '')])
    const { status, body } = answer as { readonly status: number; readonly body: string }
    return new Response(body, { status, headers: { 'content-type': 'application/json' } })
  }
  const session = createMcpSession(optionsOver(store, fetch))
  const ended = await auth(session.authProvider, {
    serverUrl: 'https://mcp.example/mcp',
    fetchFn: session.fetch,
  }).catch(String)
  process.send({ ended: [ended, session.signInsShown] } satisfies Ended)
}
