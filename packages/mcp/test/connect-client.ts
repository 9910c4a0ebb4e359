import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { onTestFinished } from 'vitest'

/** A client of the v2 SDK that holds a token already. */
export async function connectClient(
  resource: string,
  token: string,
  options: ClientOptions = { versionNegotiation: { mode: 'auto' } },
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, options)
  const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: { token: async () => token } })
  await client.connect(transport)
  onTestFinished(() => client.close())
  return client
}

/** The text of a result. */
export function textOf(result: object): string {
  const { content = [] } = result as { readonly content?: unknown }
  const [block] = content as { readonly text?: string }[]
  return block?.text ?? ''
}
