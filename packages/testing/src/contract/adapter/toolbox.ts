import { currentCall, currentIdentity, may, object, policy, publicTool } from '@behalf/core'
import { type RoleMap, roleMap } from '@behalf/core/roles'
import { connection } from '@behalf/core/vault'
import * as z from 'zod'
import type { ContractSurroundings, ContractTool } from './adapter-subject.ts'
import { brokenPolicies, brokenTools } from './broken-tools.ts'
import { API, createOrder, Order, orders } from './orders.ts'

/** Secret that a body must not reveal. */
export const SECRET = 'postgres://admin:hunter2-secret@db.internal'

const Nothing = z.strictObject({})
const Price = z.strictObject({ symbol: z.string() })
const Portfolio = z.strictObject({ portfolio: z.string() })
/** Input of the model, for a person to read. */
const Reason = z.strictObject({ reason: z.looseObject({}) })

/** A tool that itself asks a person, in the model's words. */
const wipe = {
  description: 'Deletes everything, once a person approved the reason',
  inputSchema: Reason,
  question: ({ reason }: z.infer<typeof Reason>) => reason,
  execute: async () => 'WIPED',
}

/** Each parse gives another value. */
const Referenced = Order.extend({ reference: z.string().default(() => crypto.randomUUID()) })

const readAccount = connection('stocktrade', { scopes: ['portfolio:read'], origins: [API] })

/** One policy for each guarded tool. The same object for every adapter. */
export const policies = {
  get_price: publicTool(Price),
  whoami: policy(Nothing, {}),
  get_portfolio: policy(Portfolio, {
    permission: ({ input }) => may('can_view', object('portfolio', input.portfolio)),
    access: { trade: readAccount },
  }),
  create_order: policy(Order, orders),
  wait_and_order: policy(Order, { ...orders, wait: { maxSeconds: 30 } }),
  order_by_reference: policy(Referenced, {
    permission: orders.permission,
    access: orders.access,
    approval: {
      when: orders.approval.when,
      message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
      details: ({ input: { reference: _, ...order } }) => [{ ...order, type: 'stock_order' }],
    },
  }),
  audit_desk: policy(Nothing, { roles: ['auditor'] }),
  leak: policy(Nothing, { access: { trade: readAccount } }),
  fail: policy(Nothing, { access: { trade: readAccount } }),
  watch_price: policy(Price, { access: { trade: readAccount } }),
  hang: policy(Nothing, {}),
  order_twice: policy(Order, {}),
  wipe_safely: policy(Reason, {}),
  ask_carelessly: policy(Nothing, { access: { trade: readAccount } }),
  ...brokenPolicies,
}

/** `auditor` is no role here. */
export const roles: RoleMap = roleMap({
  claim: 'roles',
  scopes: { trader: ['trade:write', 'trade:small'], auditor: ['portfolio:read'] },
})

export type GuardedName = keyof typeof policies
export type PlainName = 'add' | 'order_twice_plainly' | 'order_by_one_object' | 'fail_plainly' | 'wipe'

/** Throws as a careless body does: a secret in message, field, name and cause. */
function careless(token: string): never {
  const error = Object.assign(new Error(`${SECRET} refused ${token}`, { cause: new Error(SECRET) }), {
    connection: SECRET,
    token,
  })
  error.name = `Error at ${SECRET}`
  throw error
}

const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}

async function* watchPrice({ symbol }: z.infer<typeof Price>) {
  const { access } = currentCall(policies.watch_price)
  for (const tick of ['first', 'second']) {
    const token = await access.trade.withToken((raw) => raw)
    yield { tick: `${tick} tick of ${symbol} for ${subject()}`, token }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return `watched ${symbol} for ${subject()}`
}

let tellHanging: (signal: AbortSignal | undefined) => void = () => {}

/** Resolves with the signal that `hang` got, once it hangs. */
export const untilHanging = (): Promise<AbortSignal | undefined> =>
  new Promise((resolve) => {
    tellHanging = resolve
  })

/** Ends when it is aborted, and not before. */
function hang(_: unknown, { signal }: { readonly signal?: AbortSignal | undefined }): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    tellHanging(signal)
  })
}

/** Places the same order twice, the second time for at most five shares: the second order needs no approval. */
async function orderTwice(order: Order, { call }: ContractSurroundings) {
  await call('create_order', order)
  await call('create_order', { ...order, quantity: Math.min(order.quantity, 5) })
  return 'ordered twice'
}

/** Reuses one object for all of its orders, and does not wait for the previous order. */
async function orderByOneObject(order: Order, { call }: ContractSurroundings) {
  const filledIn = { ...order }
  const orders = ['AAPL', 'MSFT'].map((symbol, index) =>
    call('create_order', Object.assign(filledIn, { symbol, quantity: index + 1 })),
  )
  Object.assign(filledIn, { portfolio: 'p-bob' })
  await Promise.all(orders)
  return 'ordered by one object'
}

const guarded: Readonly<Record<GuardedName, Omit<ContractTool, 'name'>>> = {
  get_price: {
    description: 'The price of a share',
    inputSchema: Price,
    execute: async ({ symbol }: z.infer<typeof Price>) => (await fetch(`${API}/prices/${symbol}`)).json(),
  },
  whoami: { description: 'Who the user is', inputSchema: Nothing, execute: async () => ({ subject: subject() }) },
  get_portfolio: {
    description: 'Cash and holdings',
    inputSchema: Portfolio,
    execute: async ({ portfolio }: z.infer<typeof Portfolio>) => {
      const { access } = currentCall(policies.get_portfolio)
      return (await access.trade.fetch(`${API}/portfolios/${portfolio}`)).json()
    },
  },
  create_order: {
    description: 'Places an order',
    inputSchema: Order,
    execute: (order: Order) => createOrder(order, currentCall(policies.create_order)),
  },
  wait_and_order: {
    description: 'Places an order, and waits for the answer',
    inputSchema: Order,
    execute: (order: Order) => createOrder(order, currentCall(policies.wait_and_order)),
  },
  order_by_reference: {
    description: 'Places an order under a reference',
    inputSchema: Referenced,
    execute: ({ reference: _, ...order }: z.infer<typeof Referenced>) =>
      createOrder(order, currentCall(policies.order_by_reference)),
  },
  audit_desk: { description: 'For auditors', inputSchema: Nothing, execute: async () => 'the books' },
  leak: {
    description: 'Gives its token away',
    inputSchema: Nothing,
    execute: () => currentCall(policies.leak).access.trade.withToken((token) => ({ note: 'leaked', token })),
  },
  fail: {
    description: 'Fails with a secret',
    inputSchema: Nothing,
    execute: () => currentCall(policies.fail).access.trade.withToken(careless),
  },
  watch_price: { description: 'Watches a price', inputSchema: Price, execute: watchPrice },
  order_twice: { description: 'Places an order two times', inputSchema: Order, execute: orderTwice },
  wipe_safely: wipe,
  ask_carelessly: {
    description: 'Gives its token away in a question',
    inputSchema: Nothing,
    question: () =>
      currentCall(policies.ask_carelessly).access.trade.withToken(async (token) => ({
        question: `Use ${token}?`,
        token,
      })),
    execute: async () => 'asked',
  },
  hang: { description: 'Never ends', inputSchema: Nothing, execute: hang },
  ...brokenTools,
}

const Numbers = z.strictObject({ a: z.number(), b: z.number() })

const plain: Readonly<Record<PlainName, Omit<ContractTool, 'name'>>> = {
  add: {
    description: 'Adds two numbers',
    inputSchema: Numbers,
    execute: async ({ a, b }: z.infer<typeof Numbers>) => `the sum is ${a + b}`,
  },
  order_twice_plainly: { description: 'Places an order two times', inputSchema: Order, execute: orderTwice },
  order_by_one_object: {
    description: 'Places two orders',
    inputSchema: Order,
    execute: orderByOneObject,
  },
  fail_plainly: {
    description: 'Fails, and may say why',
    inputSchema: Nothing,
    execute: async () => {
      throw new Error('the plain tool failed for its own reason')
    },
  },
  wipe,
}

export const guardedTool = (name: GuardedName): ContractTool => ({ name, ...guarded[name] })
export const plainTool = (name: PlainName): ContractTool => ({ name, ...plain[name] })
