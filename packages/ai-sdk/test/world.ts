import {
  createGuard,
  currentCall,
  type Guard,
  type GuardOptions,
  may,
  memoryStore,
  object,
  policy,
  publicTool,
  resource,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { auth0 } from '@behalf/core/providers'
import { type MockServers, startMockServers } from '@behalf/testing'
import { tool } from 'ai'
import { onTestFinished } from 'vitest'
import * as z from 'zod'

const API = 'https://api.stocktrade.example/'
const ORIGIN = 'https://api.stocktrade.example'
const AGENT_RESOURCE = 'https://agent.behalf.example/'

const Price = z.strictObject({ symbol: z.string() })
const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})

export const policies = {
  get_stock_price: publicTool(Price),
  whoami: policy(z.strictObject({}), {}),
  create_order: policy(Order, {
    permission: ({ input: { portfolio, symbol, side, quantity } }) =>
      may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
    approval: {
      when: ({ input }) => input.quantity > 10,
      message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
    },
    access: { trade: resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
  }),
}

/** Made anew for each process, as an app's modules are. */
export const makeTools = () => ({
  get_stock_price: tool({
    description: 'The price of a share',
    inputSchema: Price,
    execute: async ({ symbol }) => {
      const response = await fetch(`${ORIGIN}/prices/${symbol}`)
      return (await response.json()) as { readonly symbol: string; readonly price: number }
    },
  }),
  whoami: tool({
    description: 'Who the user is',
    inputSchema: z.strictObject({}),
    execute: async () => {
      const { identity } = currentCall(policies.whoami)
      return { subject: identity?.kind === 'user' ? identity.subject : undefined }
    },
  }),
  create_order: tool({
    description: 'Places an order',
    inputSchema: Order,
    execute: async (order) => {
      const { access, idempotencyKey } = currentCall(policies.create_order)
      const response = await access.trade.fetch(`${ORIGIN}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(order),
      })
      if (!response.ok) throw new Error(`the API refused: ${response.status} ${await response.text()}`)
      return (await response.json()) as { readonly id: string; readonly quantity: number }
    },
  }),
})

export interface World extends MockServers {
  readonly clock: { now(): number; advance(seconds: number): void }
  /** A guard as another process over the same store and keys would make it. */
  guard(over?: Partial<GuardOptions>): Guard
  login(user?: 'ann' | 'bob'): Promise<UserIdentity>
  orders(portfolio?: string): Promise<number>
}

/** All servers, one store, and a clock that the test moves. Ends with the test. */
export async function world(): Promise<World> {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
  }
  const servers = await startMockServers({ algorithm: 'ES256', clock })
  onTestFinished(() => servers.close())
  const profile = auth0({ domain: 'tenant.behalf.example', ...agentOf(servers), algorithms: ['ES256'] })
  const store = memoryStore({ clock })
  const random = () => crypto.getRandomValues(new Uint8Array(32))
  const keys: GuardOptions['keys'] = { seal: [random()], index: random() }
  const { apiUrl, storeId, authorizationModelId, apiToken } = servers.openFga
  return {
    ...servers,
    clock,
    guard: (over = {}) =>
      createGuard({
        authorizationServer: profile,
        agent: { name: 'agent:trader', ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
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
          clock,
        }),
        approvals: ciba(),
        store,
        keys,
        clock,
        ...over,
      }),
    async login(user = 'ann') {
      const token = await accessToken(servers, user)
      const identity = await verifyAccessToken(token, { authorizationServer: profile, audience: AGENT_RESOURCE, clock })
      if (identity.kind !== 'user') throw new TypeError('a user was expected')
      return identity
    },
    orders: async (portfolio = 'p-ann') => (await servers.stockTrade.controls.orders(portfolio)).length,
  }
}

function agentOf({ clients }: MockServers): { readonly clientId: string; readonly clientSecret: string } {
  const { clientId, authentication } = clients.agent
  if (!('clientSecret' in authentication)) throw new TypeError('a client with a secret was expected')
  return { clientId, clientSecret: authentication.clientSecret }
}

/** The authorization code flow with PKCE, browser and app in one. */
async function accessToken(servers: MockServers, user: string): Promise<string> {
  const { issuer, controls } = servers.authorizationServer
  await controls.signInAs(user)
  const { clientId, clientSecret } = agentOf(servers)
  const redirectUri = servers.clients.agent.redirectUri ?? ''
  const verifier = crypto.randomUUID() + crypto.randomUUID()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'openid profile chat',
    audience: AGENT_RESOURCE,
    code_challenge: Buffer.from(digest).toString('base64url'),
    code_challenge_method: 'S256',
  })
  const redirect = await fetch(`${issuer}authorize?${query}`, { redirect: 'manual' })
  const code = new URL(redirect.headers.get('location') ?? '').searchParams.get('code') ?? ''
  const response = await fetch(`${issuer}oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: clientId,
      client_secret: clientSecret,
    }),
  })
  return ((await response.json()) as { readonly access_token: string }).access_token
}
