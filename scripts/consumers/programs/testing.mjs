// The README's own tests pass, with an agent's tool as they describe it.
import { after, beforeEach, mock } from 'node:test'
import { createGuard, policy, resource } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { profileOf, signIn } from '@behalf/testing'
import * as z from 'zod'

const API = 'https://api.stocktrade.example'
let failed = 0
// The program says `declare function buy`. Time passes before its second call, which is the first that may poll.
globalThis.buy = async (user, quantity) => {
  const { target } = await program
  const profile = profileOf(target, target.clients.agent)
  const approvals = ciba()
  guard ??= createGuard({
    authorizationServer: profile,
    agent: { name: target.agentName, ceiling: ['trade:write'] },
    approvals,
  })
  mock.timers.tick(6_000)
  const identity = await signIn(target, { user })
  const call = { tool: 'buy', slot: `${user}-${quantity}`, input: order(user, quantity), identity }
  return guard.run(rules, call, async (input, { access, idempotencyKey }) => {
    const response = await access.trade.fetch(`${API}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(input),
    })
    if (!response.ok) failed += 1
    return response.json()
  })
}
let guard
// Each test begins with a new agent.
beforeEach(() => {
  guard = undefined
})
const order = (user, quantity) => ({ portfolio: `p-${user}`, side: 'buy', symbol: 'AAPL', quantity })
const Order = z.strictObject({ portfolio: z.string(), side: z.string(), symbol: z.string(), quantity: z.number() })
const rules = policy(Order, {
  approval: {
    message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
    details: ({ input }) => [{ ...input, type: 'stock_order' }],
  },
  access: { trade: resource(`${API}/`, { scopes: ['trade:write'] }) },
})
mock.timers.enable({ apis: ['Date'], now: Date.now() })
after(() => failed === 0 && console.log('holds'))
const program = import('./program.js')
await program
