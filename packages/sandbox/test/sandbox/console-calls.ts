import { createGuard, defineTool, type Guard, type GuardOptions, may, object, resource } from '@behalf/core'
import * as z from 'zod'
import type { Sandbox } from '../../src/index.ts'

/** A browser without scripts, at the console. */
export async function openConsole({ consoleUrl }: Pick<Sandbox, 'consoleUrl'>) {
  const paired = await fetch(consoleUrl, { redirect: 'manual' })
  const cookie = paired.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { origin } = new URL(consoleUrl)
  const read = async (query = '') => (await fetch(`${origin}/console${query}`, { headers: { cookie } })).text()
  return {
    cookie,
    origin,
    read,
    /** The page of the newest call of a tool. */
    async call(tool: string): Promise<string> {
      const page = await read(`?tool=${encodeURIComponent(tool)}`)
      const name = /data-key="([\w-]+)"/.exec(page)?.[1]
      if (name === undefined) throw new TypeError(`no call of ${tool} at the console`)
      return read(`?call=${name}`)
    },
  }
}

/** Text of a page, as a person reads it. */
export function textOf(page: string): string {
  return page
    .replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
}

/** Calls of the sandbox's agent, each in a slot of its own. */
export function callsOf(sandbox: Sandbox, options: Partial<GuardOptions> = {}) {
  const guard = createGuard({ ...sandbox.guardOptions, ...options })
  const { api } = sandbox.settings
  const order = z.strictObject({ portfolio: z.string(), symbol: z.string(), quantity: z.int().positive() })
  const createOrder = defineTool({
    name: 'create_order',
    description: 'Buys shares.',
    input: order,
    permission: ({ input: { portfolio, symbol, quantity } }) =>
      may('can_trade', object('portfolio', portfolio), { context: { symbol, side: 'buy', amount: quantity } }),
    approval: {
      when: ({ input }) => input.quantity > 10,
      message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, side: 'buy', type: 'stock_order' }],
    },
    wait: { maxSeconds: 30 },
    access: { trade: resource(api.resource, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
    async run(input, { access, idempotencyKey }) {
      const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey }
      const body = JSON.stringify({ ...input, side: 'buy' })
      return (await access.trade.fetch(`${api.origin}/orders`, { method: 'POST', headers, body })).status
    },
  })
  const getPortfolio = defineTool({
    name: 'get_portfolio',
    description: 'Shows a portfolio.',
    input: z.strictObject({ portfolio: z.string() }),
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { read: resource(api.resource, { scopes: ['portfolio:read'] }) },
    run: async ({ portfolio }, { access }) => (await access.read.fetch(`${api.origin}/portfolios/${portfolio}`)).status,
  })
  const closeAccount = defineTool({
    name: 'close_account',
    description: 'Closes the account.',
    input: z.strictObject({}),
    roles: ['manager'],
    run: () => 'closed',
  })
  return {
    guard: guard as Guard,
    async buy(user: string, quantity: number, portfolio = `p-${user}`) {
      const identity = await sandbox.signIn(user)
      return guard.run(createOrder, {
        slot: crypto.randomUUID(),
        input: { portfolio, symbol: 'AAPL', quantity },
        identity,
      })
    },
    async view(user: string, portfolio = `p-${user}`) {
      return guard.run(getPortfolio, {
        slot: crypto.randomUUID(),
        input: { portfolio },
        identity: await sandbox.signIn(user),
      })
    },
    async close(user: string) {
      return guard.run(closeAccount, { slot: crypto.randomUUID(), input: {}, identity: await sandbox.signIn(user) })
    },
  }
}

/** An audit event, as a guard reports it. */
export const reported = (more: object = {}): object => ({
  v: 1,
  at: Date.now(),
  agent: 'agent:trader',
  tool: 'pay',
  callId: crypto.randomUUID(),
  principal: { issuer: 'https://login.example', subject: 'ann' },
  type: 'call',
  phase: 'run',
  status: 'denied',
  code: 'not_permitted',
  trace: { tool: 'pay', steps: [{ step: 'permission', verdict: 'denied', detail: 'user:ann can_pay account:1: no' }] },
  ...more,
})

/** Reports as a guard of another process does. */
export function report(
  { settings: { reports } }: Sandbox,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
) {
  return fetch(reports.url, {
    method,
    headers: { authorization: `Bearer ${reports.key}`, ...headers },
    ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}
