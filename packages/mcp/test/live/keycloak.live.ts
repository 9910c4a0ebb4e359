import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { allowInsecureLoopback, memoryStore } from '@behalf/core'
import { keycloak } from '@behalf/core/providers'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audience, createRealm, KEYCLOAK_URL, type Realm } from '../../../../scripts/servers/keycloak-realm.ts'
import { trustedKeys } from '../../../../scripts/servers/start-keycloak.ts'
import {
  type ClientRegistration,
  clientMetadataHandler,
  createMcpSession,
  type McpSessionOptions,
  withSignIn,
} from '../../src/client/index.ts'
import { type McpResourceServerOptions, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { type HttpServer, openPort } from '../http-server.ts'

const REALM = 'behalf-live-mcp'
const redirectUri = 'http://127.0.0.1/callback'
const SCOPE = 'mcp:tools'
type Json = Readonly<Record<string, unknown>>

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: MCP', () => {
  let realm: Realm
  let port: HttpServer
  let resource: string
  beforeAll(async () => {
    port = await openPort()
    resource = `${port.origin}/mcp`
    realm = await createRealm(REALM)
    await realm.client({
      ...{ clientId: resource, secret: 'mcp-secret', standardFlowEnabled: false },
      // The experimental resource indicators know an API by this address.
      attributes: { resource_url: resource },
    })
    await realm.scope(SCOPE, [], [audience('mcp', resource)])
    const scopes = (await realm.admin('GET', '/client-scopes')) as readonly Json[]
    const { id } = scopes.find(({ name }) => name === SCOPE) ?? {}
    // Clients that register themselves may have it.
    await realm.admin('PUT', `/default-optional-client-scopes/${id}`)
    await allowRegistration(realm)
    await allowDocuments(realm)
  }, 120_000)
  afterAll(() => port?.close())

  /** Serves one tool behind the gate. */
  function serve(over: Partial<McpResourceServerOptions> = {}) {
    const gate = mcpResourceServer({
      resource,
      authorizationServer: keycloak({
        url: KEYCLOAK_URL ?? '',
        realm: REALM,
        clientId: resource,
        clientSecret: 'mcp-secret',
        [allowInsecureLoopback]: true,
      }),
      scopes: [SCOPE],
      tools: { whoami: {} },
      ...over,
    })
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'live', version: '1' })
      server.registerTool('whoami', {}, ({ http }) => ({
        content: [{ type: 'text', text: JSON.stringify(http?.authInfo ?? {}) }],
      }))
      return server
    })
    port.serve(nodeHandler(gate, handler.fetch))
  }

  /** An agent that this server and this realm never saw. */
  function agent(client: Partial<ClientRegistration> = {}, over: Partial<McpSessionOptions> = {}) {
    const shown: URL[] = []
    let back: Promise<URL> | undefined
    const session = createMcpSession({
      serverUrl: resource,
      owner: 'ann',
      client: { name: 'An unknown agent', redirectUri, ...client },
      showSignIn: (url) => {
        shown.push(url)
        back = realm.browse(url)
      },
      store: memoryStore(),
      ...over,
    })
    const call = () =>
      withSignIn(
        session,
        async () => (await back) as URL,
        async () => {
          const client = new Client({ name: 'live', version: '1' }, { versionNegotiation: { mode: 'auto' } })
          await client.connect(new StreamableHTTPClientTransport(new URL(resource), session))
          try {
            return JSON.stringify(await client.callTool({ name: 'whoami', arguments: {} }))
          } finally {
            await client.close()
          }
        },
      )
    return { call, shown, session }
  }

  test('a client that registers itself signs in once, with a refresh token', async () => {
    serve()
    const { call, shown } = agent()
    expect(await call()).toContain(SCOPE)
    expect(shown.map((url) => url.searchParams.get('scope'))).toEqual([`${SCOPE} offline_access`])
    expect(await call()).toContain(SCOPE)
    expect(shown).toHaveLength(1)
  })

  test('a client that names its scopes registers with those that it asks for', async () => {
    serve()
    const { call, shown } = agent({ scopes: [SCOPE] })
    expect(await call()).toContain(SCOPE)
    expect(shown).toHaveLength(1)
  })

  test('a client that proves a key registers itself, and its tokens are bound', async () => {
    serve({ dpop: { store: memoryStore(), required: true } })
    const { call, shown } = agent({}, { dpop: true })
    expect(await call()).toContain(SCOPE)
    expect(shown).toHaveLength(1)
  })

  test('a client is known by its metadata document, without a registration', async () => {
    serve()
    const { path, passphrase } = trustedKeys()
    const read: string[] = []
    const documents = createServer(
      { pfx: await readFile(path), passphrase },
      async ({ url = '', method = '' }, response) => {
        read.push(url)
        const document = answer({ url: client.metadataUrl.replace('/client.json', url), method })
        response.writeHead(document?.status ?? 404, Object.fromEntries(document?.headers ?? []))
        response.end(await document?.text())
      },
    )
    await new Promise<void>((resolve) => documents.listen(0, '127.0.0.1', resolve))
    const { port: documentsPort } = documents.address() as AddressInfo
    const metadataUrl = `https://127.0.0.1:${documentsPort}/client.json`
    const client = { name: 'A documented agent', redirectUri, metadataUrl, scopes: [SCOPE] }
    const answer = clientMetadataHandler(client)
    const { call, shown } = agent(client)
    expect(await call()).toContain(SCOPE)
    expect(shown.map((url) => url.searchParams.get('client_id'))).toEqual([metadataUrl])
    expect(read).toEqual(['/client.json'])
    await new Promise((resolve) => documents.close(resolve))
  })

  test('a token for another API is refused once with the reason, and no second page is shown', async () => {
    serve({ audience: 'https://another.example/' })
    const { call, shown } = agent()
    const error = await call().catch((cause: Error) => cause)
    expect(String(error)).toContain('the server refuses the token of this sign-in as invalid')
    expect(String(error)).toContain(': audience')
    expect(shown).toHaveLength(1)
  })
})

/** By itself, a realm takes registrations from no host. */
async function allowRegistration({ admin }: Realm): Promise<void> {
  const type = 'org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy'
  const policies = (await admin('GET', `/components?type=${type}`)) as readonly Json[]
  const hosts = policies.find(({ providerId }) => providerId === 'trusted-hosts')
  const config = {
    'trusted-hosts': ['127.0.0.1'],
    'host-sending-registration-request-must-match': ['true'],
    'client-uris-must-match': ['true'],
  }
  await admin('PUT', `/components/${hosts?.id}`, { ...hosts, config })
}

/** A realm reads the documents of the hosts that its client policy names. */
async function allowDocuments({ admin }: Realm): Promise<void> {
  const domains = ['127.0.0.1']
  await admin('PUT', '/client-policies/profiles', {
    profiles: [
      {
        name: 'documents',
        executors: [
          {
            executor: 'client-id-metadata-document',
            configuration: {
              'cimd-allow-http-scheme': true,
              'cimd-allow-permitted-domains': domains,
              'cimd-restrict-same-domain': false,
              'only-allow-confidential-client': false,
            },
          },
        ],
      },
    ],
  })
  await admin('PUT', '/client-policies/policies', {
    policies: [
      {
        name: 'documents',
        enabled: true,
        conditions: [
          {
            condition: 'client-id-uri',
            configuration: {
              'client-id-uri-scheme': ['http', 'https'],
              'client-id-uri-allow-permitted-domains': domains,
            },
          },
        ],
        profiles: ['documents'],
      },
    ],
  })
}
