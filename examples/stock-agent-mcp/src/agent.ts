import { type Interrupt, memoryStore, type Store } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import { scriptedPlanner } from '@behalf/example-stock-agent'
import { createMcpSession, type McpSession, withSignIn } from '@behalf/mcp/client'
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { World } from './world.ts'

/** Result of a prompt. */
export type Answer =
  | { readonly status: 'said'; readonly text: string }
  | { readonly status: 'done'; readonly result: unknown }
  | { readonly status: 'refused'; readonly code: string; readonly text: string }
  | { readonly status: 'waiting'; readonly interrupt: Interrupt; readonly call: WaitingCall }

/** A call that waits for a person: plain data, to be kept anywhere. */
export interface WaitingCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** Signed by the server, and bound to the user. */
  readonly requestState: string
}

export interface AgentOptions {
  readonly world: World
  readonly user: 'ann' | 'bob'
  readonly store?: Store
  readonly onSignIn?: (url: URL) => void
}

/** An agent without a prior registration: it discovers the authorization server from the MCP server's answers. */
export interface StockAgent {
  readonly session: McpSession
  tools(): Promise<readonly string[]>
  ask(prompt: string): Promise<Answer>
  /** Continues a call that waited, by a new connection, as another process would. */
  goOn(call: WaitingCall): Promise<Answer>
}

interface CallResult {
  readonly content?: readonly { readonly text?: string }[]
  readonly isError?: boolean
  readonly requestState?: string
  readonly _meta?: Readonly<Record<string, unknown>>
}

export function createAgent({ world, user, store = memoryStore(), onSignIn }: AgentOptions): StockAgent {
  const { subject, portfolio } = world.target.users[user]
  const browser = Promise.withResolvers<string>()
  let callback = browser.promise
  const session = createMcpSession({
    serverUrl: world.resource,
    owner: subject,
    client: {
      name: 'A stock agent',
      redirectUri: 'http://127.0.0.1/callback',
      scopes: ['mcp:tools', 'mcp:trade'],
    },
    store,
    // The user is signed in at the authorization server already, and agrees: a browser would do the same.
    async showSignIn(url) {
      onSignIn?.(url)
      await world.target.authorizationServer.controls.signInAs(subject)
      const location = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
      callback = Promise.resolve(location)
    },
  })
  const connected = <Result>(work: (client: Client) => Promise<Result>): Promise<Result> =>
    withSignIn(
      session,
      () => callback,
      async () => {
        const client = new Client({ name: 'stock-agent', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
        await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), session))
        try {
          return await work(client)
        } finally {
          await client.close()
        }
      },
    )
  const call = async (params: Omit<WaitingCall, 'requestState'> & { readonly requestState?: string }) => {
    try {
      const result = await connected((client) => client.callTool(params as never, { allowInputRequired: true }))
      return answerOf(result as CallResult, params)
    } catch (error) {
      if (!ProtocolError.isInstance(error)) throw error
      return { status: 'refused', code: String(error.code), text: error.message } as const
    }
  }
  return {
    session,
    tools: async () => (await connected((client) => client.listTools())).tools.map(({ name }) => name),
    async ask(prompt) {
      const plan = scriptedPlanner(prompt, { portfolio })
      return plan.kind === 'say'
        ? { status: 'said', text: plan.text }
        : call({ name: plan.tool, arguments: plan.input })
    },
    goOn: (waiting) => call(waiting),
  }
}

function answerOf(result: CallResult, { name, arguments: input }: Omit<WaitingCall, 'requestState'>): Answer {
  const text = result.content?.[0]?.text ?? ''
  const interrupt = parseInterrupt(result._meta?.['behalf/interrupt'])
  if (interrupt !== undefined && result.requestState !== undefined) {
    return { status: 'waiting', interrupt, call: { name, arguments: input, requestState: result.requestState } }
  }
  if (result.isError === true) return { status: 'refused', code: String(result._meta?.['behalf/refusal']), text }
  return { status: 'done', result: JSON.parse(text) }
}
