import { type MockServers, type MockServersOptions, signIn, startMockServers } from '@behalf/testing'
import { onTestFinished } from 'vitest'
import * as z from 'zod'
import { ciba } from '../../../src/entrypoints/ciba.ts'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { openFga } from '../../../src/entrypoints/fga.ts'
import { auth0 } from '../../../src/entrypoints/providers.ts'
import { auth0TokenVault, connection } from '../../../src/entrypoints/vault.ts'
import {
  type AuditEvent,
  createGuard,
  currentCall,
  type GuardOptions,
  type GuardWithDelegations,
  type Invocation,
  may,
  object,
  type Profile,
  policy,
  publicTool,
  resource,
  type UserIdentity,
} from '../../../src/index.ts'

export const API = 'https://api.stocktrade.example/'
export const ORIGIN = 'https://api.stocktrade.example'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})

/** The policies of the story. */
export const policies = {
  get_stock_price: publicTool(z.strictObject({ symbol: z.string() })),
  whoami: policy(z.strictObject({}), {}),
  get_portfolio: policy(z.strictObject({ portfolio: z.string() }), {
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: [ORIGIN] }) },
  }),
  read_portfolio: policy(z.strictObject({ portfolio: z.string() }), {
    access: { trade: resource(API, { scopes: ['portfolio:read'] }) },
  }),
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

export interface PlacedOrder {
  readonly id: string
  readonly quantity: number
}

/** The body of `create_order`, against the Stock Trade API. */
export async function createOrder(input: object): Promise<PlacedOrder> {
  const { access, idempotencyKey } = currentCall(policies.create_order)
  const response = await access.trade.fetch(`${ORIGIN}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(input),
  })
  const body = (await response.json()) as PlacedOrder
  if (!response.ok) throw new Error(`the API refused: ${response.status} ${JSON.stringify(body)}`)
  return body
}

export const buy = (quantity: number, over: Record<string, unknown> = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})

export interface World extends MockServers {
  readonly clock: { now(): number; advance(seconds: number): void }
  readonly profile: Profile
  readonly events: AuditEvent[]
  guard(over?: Partial<GuardOptions>): GuardWithDelegations
  login(user?: string): Promise<UserIdentity>
  invocation(over: Partial<Invocation> & Pick<Invocation, 'tool'>): Invocation
}

/** All servers, a clock that a test moves, and a guard over both. Ends with the test. */
export async function world(options: MockServersOptions = {}): Promise<World> {
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    advance: (seconds: number) => {
      offset += seconds * 1000
    },
  }
  const servers = await startMockServers({ algorithm: 'ES256', clock, ...options })
  onTestFinished(() => servers.close())
  const { clientId, authentication } = servers.clients.agent
  const clientSecret = 'clientSecret' in authentication ? authentication.clientSecret : ''
  const profile = { ...auth0({ domain: 'tenant.behalf.example', clientId, clientSecret, algorithms: ['ES256'] }) }
  const events: AuditEvent[] = []
  return {
    ...servers,
    clock,
    profile,
    events,
    guard: (over = {}) =>
      createGuard({
        authorizationServer: profile,
        agent: { name: 'agent:trader', ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
        permissions: openFga({
          apiUrl: servers.openFga.apiUrl,
          storeId: servers.openFga.storeId,
          authorizationModelId: servers.openFga.authorizationModelId,
          credentials: { method: 'apiToken', token: servers.openFga.apiToken },
          relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
          clock,
        }),
        vault: auth0TokenVault(),
        approvals: ciba(),
        audit: { write: (event) => void events.push(event) },
        clock,
        ...over,
        delegations: delegations(),
      }),
    login: (user = 'ann') => signIn(servers, { user, profile, clock, scope: 'openid profile chat' }),
    invocation: (over) => ({ slot: ['thread-1', 'call-1'], input: {}, ...over }),
  }
}
