// A client under test of `@modelcontextprotocol/conformance client`, as an app writes it: our sessions over the
// transport of an SDK. The first argument says which client, and the suite adds the server's address as the last.
//
//   node client.ts v2|auto|v1 <address>
import { memoryStore } from '@behalf/core'
import {
  createMcpSession,
  employeeAccess,
  loopbackSignIn,
  type McpAccess,
  machineAccess,
  withSignIn,
} from '@behalf/mcp/client'
import {
  Client,
  discoverOAuthServerInfo,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js'

const [, , kind = '', ...rest] = process.argv
const serverUrl = rest.at(-1) ?? ''
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const revision = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION ?? ''

interface Context extends Readonly<Record<string, unknown>> {
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: Record<string, unknown> }[]
}
const context: Context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}')
const said = (name: string): string => {
  const value = context[name]
  return typeof value === 'string' ? value : ''
}

/** Where the suite does not tell an app the issuer of its credentials, it is what the server says. */
async function issuerOf(): Promise<string> {
  const { authorizationServerMetadata, authorizationServerUrl } = await discoverOAuthServerInfo(serverUrl)
  return authorizationServerMetadata?.issuer ?? authorizationServerUrl
}

/** What is connected, and how a sign-in is done that it needs. */
interface Access {
  readonly access: McpAccess
  attend<Result>(work: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

const withoutUser = (access: McpAccess): Access => ({ access, attend: (work) => work(), close: async () => {} })

async function accessFor(): Promise<Access> {
  const [clientId, clientSecret] = [said('client_id'), said('client_secret')]
  if (scenario === 'auth/client-credentials-basic') {
    return withoutUser(machineAccess({ serverUrl, issuer: await issuerOf(), clientId, clientSecret }))
  }
  if (scenario === 'auth/client-credentials-jwt') {
    const [privateKey, algorithm] = [said('private_key_pem'), said('signing_algorithm')]
    return withoutUser(machineAccess({ serverUrl, issuer: await issuerOf(), clientId, privateKey, algorithm }))
  }
  if (scenario === 'auth/wif-jwt-bearer') {
    const workloadToken = () => said('valid_jwt')
    return withoutUser(machineAccess({ serverUrl, issuer: await issuerOf(), clientId, workloadToken }))
  }
  if (scenario === 'auth/enterprise-managed-authorization') {
    const identityProvider = {
      issuer: said('idp_issuer'),
      clientId: said('idp_client_id'),
      idToken: () => said('idp_id_token'),
      // The suite's identity provider omits what its metadata must have.
      ...(rest[0] === '--token-endpoint' && { tokenEndpoint: said('idp_token_endpoint') }),
    }
    return withoutUser(
      employeeAccess({ serverUrl, issuer: await issuerOf(), clientId, clientSecret, identityProvider }),
    )
  }
  return userAccess(clientId === '' ? undefined : { client_id: clientId, client_secret: clientSecret })
}

async function userAccess(byHand: { client_id: string; client_secret: string } | undefined): Promise<Access> {
  // The suite's server agrees at once: the browser is redirected back.
  const browser = await loopbackSignIn({ open: async (url) => void (await fetch(url)) })
  const session = createMcpSession({
    serverUrl,
    owner: 'a-user',
    client: {
      name: 'Behalf',
      redirectUri: browser.redirectUri,
      metadataUrl: 'https://conformance-test.local/client-metadata.json',
      ...(byHand !== undefined && { registered: { [await issuerOf()]: byHand } }),
    },
    showSignIn: browser.show,
    store: memoryStore(),
    ...(scenario.startsWith('auth/dpop') && { dpop: true }),
  })
  return { access: session, attend: (work) => withSignIn(session, browser.callback, work), close: browser.close }
}

const info = { name: 'behalf-conformance', version: '1.0.0' }
const capabilities = { elicitation: { form: { applyDefaults: true } } }

async function connectV1({ access }: Access): Promise<Pick<Client, 'listTools' | 'callTool' | 'close'>> {
  const client = new ClientV1(info, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }))
  await client.connect(new TransportV1(new URL(serverUrl), access as never) as never)
  return client as never
}

async function connectV2({ access }: Access): Promise<Client> {
  const pinned = revision === '2026-07-28' ? { mode: { pin: revision } } : undefined
  const versionNegotiation = kind === 'auto' ? { mode: 'auto' as const } : pinned
  const client = new Client(info, { capabilities, ...(versionNegotiation && { versionNegotiation }) })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }))
  await client.connect(new StreamableHTTPClientTransport(new URL(serverUrl), access))
  return client
}

const connect = kind === 'v1' ? connectV1 : connectV2

interface Tool {
  readonly name: string
  readonly inputSchema: object
}
const inputs: Readonly<Record<string, (tools: readonly Tool[]) => Record<string, unknown>>> = {
  add_numbers: () => ({ a: 2, b: 3 }),
  // The schema comes back as the client read it.
  json_schema_echo: (tools) => ({ schema: tools.find(({ name }) => name !== 'json_schema_echo')?.inputSchema }),
}

/** A call that failed is told, and the next one made; what asks for a sign-in ends the work. */
function tell(error: unknown): void {
  const isInvalid = error instanceof SdkError && error.code === SdkErrorCode.InvalidResult
  if (!isInvalid && !(error instanceof ProtocolError) && !(error instanceof McpError)) throw error
  console.error(`the call failed: ${error.message}`)
}

/** One call in each connection, since a sign-in repeats no call. */
async function callsOf(access: Access): Promise<void> {
  for (let number = 0; ; number++) {
    const isOver = await access.attend(async () => {
      const client = await connect(access)
      try {
        const { tools } = await client.listTools()
        const calls = context.toolCalls ?? tools.map(({ name }) => ({ name, arguments: inputs[name]?.(tools) ?? {} }))
        const call = calls[number]
        if (call !== undefined) await client.callTool(call).catch(tell)
        return number + 1 >= calls.length
      } finally {
        await client.close()
      }
    })
    if (isOver) return
  }
}

const access = await accessFor()
try {
  await callsOf(access)
} finally {
  await access.close()
}
