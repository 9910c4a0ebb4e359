import {
  createGuard,
  type Guard,
  type GuardOptions,
  type Identity,
  memoryStore,
  type Profile,
  verifyAccessToken,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { auth0TokenVault } from '@behalf/core/vault'
import { sandboxTarget } from '@behalf/sandbox'
import { login, type ProtocolTarget, profileOf, type TargetClient } from '@behalf/testing'
import { stockTools } from '@behalf/testing/contract'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { GuardRules } from '../src/server/index.ts'
import { guardTools, type McpResourceServerOptions, mcpResourceServer, nodeHandler } from '../src/server/index.ts'
import { type HttpServer, openPort } from './http-server.ts'

/** A limit for what hangs: a busy machine takes many times as long as any server. */
export const PATIENCE_MS = 60_000

/** Scopes of the MCP server, as the authorization server knows them. */
const SCOPES = ['mcp:tools', 'mcp:trade']

export interface World {
  readonly target: ProtocolTarget
  readonly port: HttpServer
  /** The MCP endpoint: address, identifier, audience. */
  readonly resource: string
  /** The MCP server's own client at the authorization server. */
  readonly profile: Profile
  guard(over?: Partial<GuardOptions>): Guard
  /** A client with a key, and no user. */
  readonly machine: { readonly clientId: string; readonly privateKey: Readonly<Record<string, unknown>> }
  /** Serves the stock tools behind the gate. */
  serve(options?: ServeOptions): void
  /** An access token for the MCP server. */
  token(
    user: 'ann' | 'bob',
    options?: { readonly scope?: string; readonly parameters?: Record<string, string> },
  ): Promise<string>
  /** Who a token for the MCP server stands for. */
  identity(token: string): Promise<Identity>
  close(): Promise<void>
}

export interface ServeOptions {
  readonly gate?: Partial<McpResourceServerOptions>
  readonly rules?: Partial<GuardRules>
  readonly guard?: Guard
  readonly legacy?: 'reject' | 'stateless'
}

/** The sandbox, and a port for an MCP server that it knows as an API and as a client. */
export async function openWorld(): Promise<World> {
  const port = await openPort()
  const resource = `${port.origin}/mcp`
  const mcp: TargetClient = {
    clientId: 'stock-mcp',
    authentication: { method: 'client_secret_basic', clientSecret: 'stock-mcp-secret' },
  }
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const [privateKey, publicKey] = await Promise.all(
    [pair.privateKey, pair.publicKey].map(async (one) => {
      const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', one)
      return { kty: kty ?? '', crv, x, y, ...(d !== undefined && { d }), alg: 'ES256' }
    }),
  )
  const target = await sandboxTarget({
    clients: [
      { clientId: 'nightly', publicKeys: [publicKey as never] },
      {
        clientId: mcp.clientId,
        clientSecret: 'stock-mcp-secret',
        api: resource,
        actor: { subject: 'agent:trader', profile: 'ai_agent' },
      },
    ],
    resources: [{ identifier: resource, scopes: SCOPES }],
  })
  const profile = profileOf(target, mcp)
  const { policies, tools } = stockTools(target)
  const guard = (over: Partial<GuardOptions> = {}) => createGuard({ ...guardOptions(target, profile), ...over })
  return {
    target,
    port,
    resource,
    profile,
    machine: { clientId: 'nightly', privateKey: privateKey as never },
    guard,
    serve({ gate: gateOptions, rules, guard: given, legacy } = {}) {
      const guarded = guardTools(tools, { guard: given ?? guard(), policies, ...rules })
      const gate = mcpResourceServer({
        resource,
        authorizationServer: profile,
        scopes: ['mcp:tools'],
        guarded,
        timeoutMs: PATIENCE_MS,
        ...gateOptions,
      })
      const handler = createMcpHandler(
        () => guarded.register(new McpServer({ name: 'stock', version: '1.0.0' }, guarded.serverOptions)),
        { ...(legacy && { legacy }) },
      )
      port.serve(nodeHandler(gate, handler.fetch))
    },
    token: async (user, { scope = 'openid mcp:tools mcp:trade', parameters } = {}) => {
      const options = { user: target.users[user].subject, client: target.clients.public, resource, scope }
      return (await login(target, { ...options, ...(parameters && { parameters }) })).accessToken
    },
    identity: (token) =>
      verifyAccessToken(token, { authorizationServer: profile, audience: resource, timeoutMs: PATIENCE_MS }),
    close: async () => {
      await port.close()
      await target.close()
    },
  }
}

function guardOptions(target: ProtocolTarget, profile: Profile): GuardOptions {
  const { apiUrl, storeId, authorizationModelId, apiToken } = target.openFga
  return {
    authorizationServer: profile,
    agent: { name: target.agentName, ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
    permissions: openFga({
      apiUrl,
      storeId,
      authorizationModelId,
      credentials: { method: 'apiToken', token: apiToken },
      relations: {
        user: (relation) => `user_${relation}`,
        agent: (relation) => `agent_${relation}`,
        delegation: 'acts_for',
      },
    }),
    vault: auth0TokenVault(),
    approvals: ciba(),
    store: memoryStore(),
    timeoutMs: PATIENCE_MS,
  }
}
