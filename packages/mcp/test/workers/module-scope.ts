// A Worker that makes every part while its module loads, as the guides do. Workers give no random bytes then.
import { createGuard, defineTool, memoryStore } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { delegations } from '@behalf/core/delegations'
import { openFga } from '@behalf/core/fga'
import { cibaPing, connectAccounts, inAppApprovals, inAppInbox } from '@behalf/core/http'
import { createIntrospection, createSessions, createSignIn } from '@behalf/core/identity'
import { oidc } from '@behalf/core/providers'
import { createApprovalGate, createResourceServer } from '@behalf/core/resource-server'
import { sealedStore } from '@behalf/core/sealed-store'
import { sharedTokens } from '@behalf/core/shared-tokens'
import { github, storedVault } from '@behalf/core/vault'
import { mcpResourceServer, toMcpTools } from '@behalf/mcp/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod/mini'
import { AGENT, API, CALLBACK, FGA, ISSUER, MCP, MODEL } from './places.ts'

const authorizationServer = oidc({ issuer: ISSUER, clientId: 'web', clientSecret: 'secret' })
const store = memoryStore()
const identityOf = () => undefined
const audience = AGENT
const vault = storedVault({
  store,
  connections: { github: { ...github, clientId: 'app', clientSecret: 'secret', scopes: ['repo'] } },
})
const guard = createGuard({
  authorizationServer,
  agent: { name: 'agent:trader' },
  store,
  approvals: { ciba: ciba(), app: inAppApprovals({ notify: () => {} }) },
  delegations: delegations(),
  sharedTokens: sharedTokens(),
  vault,
  permissions: openFga({
    apiUrl: FGA,
    storeId: '01KAZ0000000000000000STORE',
    authorizationModelId: MODEL,
    relations: { user: (name) => name },
  }),
})
const guarded = toMcpTools(guard, [
  defineTool({ name: 'whoami', description: 'Says who calls.', input: z.strictObject({}), run: () => 'called' }),
])
const gate = mcpResourceServer({ resource: MCP, authorizationServer, guarded })
const mcp = createMcpHandler(() =>
  guarded.register(new McpServer({ name: 'stock', version: '1.0.0' }, guarded.serverOptions)),
)
const sealed = sealedStore({ store, kind: 'tried' })

/** Every part, by the name of its constructor. */
const parts = {
  createResourceServer: createResourceServer({ authorizationServer, audience: API, dpop: { store } }),
  createIntrospection: createIntrospection({ authorizationServer, audience }),
  createApprovalGate: createApprovalGate({ store }),
  createSessions: createSessions({ authorizationServer, store, audience }),
  createSignIn: createSignIn({ authorizationServer, store, redirectUri: CALLBACK }),
  cibaPing: cibaPing({ store }),
  connectAccounts: connectAccounts({
    linker: vault.accounts,
    identityOf,
    store,
    baseUrl: 'https://app.example.com/connections',
  }),
  inAppInbox: inAppInbox({ store, identityOf, origins: ['https://app.example.com'] }),
  mcpResourceServer: gate.handle(mcp.fetch),
}

/** Seals a value with the random keys of the memory store, and opens it. */
export async function serve(): Promise<Response> {
  await sealed.put(['name'], 'sealed', { ifVersion: null })
  const found = await sealed.get(['name'])
  return Response.json({ opened: found?.value, parts: Object.keys(parts) })
}
