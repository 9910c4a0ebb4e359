// The client under test of `@modelcontextprotocol/conformance client`: our sessions over the SDK's transport.
import { memoryStore } from '@behalf/core'
import { createMcpSession, employeeAccess, type McpAccess, machineAccess } from '@behalf/mcp/client'
import {
  Client,
  discoverOAuthServerInfo,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

/** For a machine that is busy with other tests. */
const timeoutMs = 60_000

const serverUrl = process.argv[2] ?? ''
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? ''
const context: Readonly<Record<string, string>> = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}')

/** Where an issuer is not in the context, it is what the server says; credentials of an app name theirs. */
async function issuerOf(): Promise<string> {
  const { authorizationServerMetadata, authorizationServerUrl } = await discoverOAuthServerInfo(serverUrl)
  return authorizationServerMetadata?.issuer ?? authorizationServerUrl
}

interface Access extends McpAccess {
  finish?(): Promise<void>
}

async function accessFor(): Promise<Access> {
  const { client_id: clientId = '', client_secret: clientSecret = '' } = context
  if (scenario === 'auth/client-credentials-basic') {
    return machineAccess({ serverUrl, issuer: await issuerOf(), clientId, clientSecret, timeoutMs })
  }
  if (scenario === 'auth/client-credentials-jwt') {
    const { private_key_pem: privateKey = '', signing_algorithm: algorithm = '' } = context
    return machineAccess({ serverUrl, issuer: await issuerOf(), clientId, privateKey, algorithm, timeoutMs })
  }
  if (scenario === 'auth/cross-app-access-complete-flow') {
    const { idp_client_id: idpClient = '', idp_id_token: idToken = '', idp_issuer: idpIssuer = '' } = context
    // The suite's identity provider publishes too little metadata for the SDK to read.
    const { idp_token_endpoint: tokenEndpoint = '' } = context
    const identityProvider = { issuer: idpIssuer, tokenEndpoint, clientId: idpClient, idToken: () => idToken }
    return employeeAccess({ serverUrl, issuer: await issuerOf(), clientId, clientSecret, identityProvider, timeoutMs })
  }
  return userSession(clientId === '' ? undefined : { client_id: clientId, client_secret: clientSecret })
}

async function userSession(byHand: { client_id: string; client_secret: string } | undefined): Promise<Access> {
  let callback: string | undefined
  const session = createMcpSession({
    serverUrl,
    owner: 'a-user',
    client: {
      name: 'Behalf',
      redirectUri: 'http://127.0.0.1:3000/callback',
      metadataUrl: 'https://conformance-test.local/client-metadata.json',
      ...(byHand !== undefined && { registered: { [await issuerOf()]: byHand } }),
    },
    // The suite's server agrees at once: the browser is one redirect.
    showSignIn: async (url) => {
      callback = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? undefined
    },
    store: memoryStore(),
    timeoutMs,
  })
  return {
    ...session,
    async finish() {
      if (callback === undefined) throw new Error('the authorization server did not redirect')
      await session.finishSignIn(callback)
      callback = undefined
    },
  }
}

/** Does `work`, and once more after a sign-in that it asked for. */
async function withSignIn<Result>(access: Access, work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!UnauthorizedError.isInstance(error) || access.finish === undefined || tries === 3) throw error
      await access.finish()
    }
  }
}

const access = await accessFor()
const client = await withSignIn(access, async () => {
  const made = new Client({ name: 'behalf-conformance', version: '1.0.0' })
  await made.connect(new StreamableHTTPClientTransport(new URL(serverUrl), access))
  return made
})
const { tools } = await withSignIn(access, () => client.listTools())
for (const { name } of tools) {
  const input = name === 'add_numbers' ? { a: 2, b: 3 } : {}
  await withSignIn(access, () => client.callTool({ name, arguments: input }))
}
await client.close()
