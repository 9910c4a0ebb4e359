import {
  createGuard,
  currentCall,
  type Guard,
  type GuardOptions,
  may,
  memoryStore,
  object,
  type Profile,
  policy,
  publicTool,
  resource,
  type UserIdentity,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { auth0 } from '@behalf/core/providers'
import { type MockServers, signIn, startMockServers } from '@behalf/testing'
import { createTool } from '@mastra/core/tools'
import { onTestFinished } from 'vitest'
import * as z from 'zod'

const API = 'https://api.stocktrade.example/'
const ORIGIN = 'https://api.stocktrade.example'

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
  get_stock_price: createTool({
    id: 'get_stock_price',
    description: 'The price of a share',
    inputSchema: Price,
    execute: async ({ symbol }) => {
      const response = await fetch(`${ORIGIN}/prices/${symbol}`)
      return (await response.json()) as { readonly symbol: string; readonly price: number }
    },
  }),
  whoami: createTool({
    id: 'whoami',
    description: 'Who the user is',
    inputSchema: z.strictObject({}),
    execute: async () => {
      const { identity } = currentCall(policies.whoami)
      return { subject: identity?.kind === 'user' ? identity.subject : undefined }
    },
  }),
  create_order: createTool({
    id: 'create_order',
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
  return {
    ...servers,
    clock,
    guard: (over = {}) => guardOver(servers, profile, { store, keys, clock, ...over }),
    login: (user = 'ann') => signIn(servers, { user, profile, clock, scope: 'openid profile chat' }),
    orders: async (portfolio = 'p-ann') => (await servers.stockTrade.controls.orders(portfolio)).length,
  }
}

/** A guard as one process of an app makes it. */
export function guardOver(servers: MockServers, profile: Profile, over: Partial<GuardOptions> = {}): Guard {
  const { apiUrl, storeId, authorizationModelId, apiToken } = servers.openFga
  return createGuard({
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
      ...(over.clock !== undefined && { clock: over.clock }),
    }),
    approvals: ciba(),
    ...over,
  })
}

function agentOf({ clients }: MockServers): { readonly clientId: string; readonly clientSecret: string } {
  const { clientId, authentication } = clients.agent
  if (!('clientSecret' in authentication)) throw new TypeError('a client with a secret was expected')
  return { clientId, clientSecret: authentication.clientSecret }
}
