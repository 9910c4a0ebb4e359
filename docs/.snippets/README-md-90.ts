






































import { connection, currentCall, may, object, policy, publicTool, resource } from '@behalf/core'
import * as z from 'zod'

const API = 'https://api.stocktrade.example'
const Price = z.strictObject({ symbol: z.string() })
const Nothing = z.strictObject({})
const Portfolio = z.strictObject({ portfolio: z.string() })
const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})

export const policies = {
  get_stock_price: publicTool(Price), // level 1: public
  whoami: policy(Nothing, {}), // level 2: knows the user
  get_portfolio: policy(Portfolio, {
    // level 3: acts for the user
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: connection('stocktrade', { scopes: ['portfolio:read'], origins: [API] }) },
  }),
  create_order: policy(Order, {
    // level 4: asks the user
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

export async function createOrder(order: z.infer<typeof Order>) {
  const { access, idempotencyKey } = currentCall(policies.create_order)
  const response = await access.trade.fetch(`${API}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(order),
  })
  return response.json()
}







import { auth0, auth0TokenVault, ciba, createGuard, openFga, verifyAccessToken } from '@behalf/core'

const tenant = auth0({ domain: 'tenant.eu.auth0.com', clientId: 'agent', clientSecret: process.env.CLIENT_SECRET ?? '' })

const guard = createGuard({
  authorizationServer: tenant,
  agent: { name: 'agent:trader', ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
  permissions: openFga({
    apiUrl: 'https://api.eu1.fga.dev',
    storeId: '01HVMMBCMGZNT3SED4Z17ECXCA',
    authorizationModelId: '01HVMMBD123456789ABCDEFGHJ',
    relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
  }),
  vault: auth0TokenVault(),
  approvals: ciba(),
})

export async function handle(token: string, input: unknown) {
  const identity = await verifyAccessToken(token, { authorizationServer: tenant, audience: 'https://agent.example' })
  const call = { tool: 'create_order', slot: ['thread-7', 'call-1'] as const, input, identity }
  const outcome = await guard.run(policies.create_order, call, createOrder)
  switch (outcome.status) {
    case 'done':
      return outcome.result // the second time too: stored, and not run again
    case 'interrupted':
      return outcome.interrupt // show it; call again after `interval` seconds, from any process
    case 'denied':
      return outcome.message // one fixed, model-safe sentence; the reason is in the trace
    case 'unavailable':
      return `try again in ${outcome.retryAfter ?? 5} seconds`
  }
}




















