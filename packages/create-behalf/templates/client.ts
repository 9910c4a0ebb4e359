import { memoryStore } from '@behalf/core'
import { createMcpSession, loopbackSignIn, withSignIn } from '@behalf/mcp/client'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const serverUrl = 'http://127.0.0.1:8790/mcp'
const browser = await loopbackSignIn({ open: (url) => console.log(`Sign in as Ann: ${url}`) })
const session = createMcpSession({
  serverUrl,
  owner: 'the user of this machine',
  client: { name: 'A client', redirectUri: browser.redirectUri },
  showSignIn: browser.show,
  store: memoryStore(),
})
const result = await withSignIn(session, browser.callback, async () => {
  const client = new Client({ name: 'client', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(serverUrl), session))
  console.log('Signed in. The call waits for an answer on the phone of the user.')
  return client.callTool({ name: 'buy', arguments: { symbol: 'AAPL', quantity: 50 } })
})
console.log(result.content)
await browser.close()
