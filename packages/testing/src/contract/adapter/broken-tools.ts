import { currentCall, policy, resource } from '@behalf/core'
import type { ContractSurroundings, ContractTool } from './adapter-subject.ts'
import { API, createOrder, Order, orders } from './orders.ts'

const small = { trade: resource(`${API}/`, { scopes: ['trade:small'] }) }

/** Policies of writes that end in other ways than by a result. */
export const brokenPolicies = {
  order_late: policy(Order, orders),
  order_per_call: policy(Order, { ...orders, approval: { ...orders.approval, perCall: true } }),
  order_for_boss: policy(Order, {
    permission: orders.permission,
    access: small,
    writesOnlyBy: 'access',
    approval: {
      message: orders.approval.message,
      approver: ({ identity }) => ({ issuer: identity.issuer, subject: 'bob' }),
    },
  }),
  pay_and_note: policy(Order, { permission: orders.permission, access: orders.access, approval: orders.approval }),
  order_within: policy(Order, { effect: 'write', access: small, writesOnlyBy: 'access' }),
}

let tellLate: ((signal: AbortSignal) => void) | undefined

/**
 * Resolves with the signal of the call once a body of `order_late` has placed its order. It then waits until its caller has
 * left.
 */
export function untilLate(): Promise<AbortSignal> {
  return new Promise((resolve) => {
    tellLate = resolve
  })
}

/** Outlives the abort of its call. A second body does not wait for one. */
async function orderLate(order: Order) {
  const call = currentCall(brokenPolicies.order_late)
  const { signal } = call
  const tell = tellLate
  tellLate = undefined
  const placed = await createOrder(order, call)
  if (tell === undefined) return placed
  const left = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  tell(signal)
  await left
  return placed
}

async function orderForBoss(order: Order): Promise<never> {
  await createOrder(order, currentCall(brokenPolicies.order_for_boss))
  throw new Error('the line broke')
}

/** Pays by a client of its own, which the SDK does not see. The API definitely refuses what the credential sends. */
async function payAndNote({ portfolio }: Order): Promise<never> {
  const { access } = currentCall(brokenPolicies.pay_and_note)
  const response = await access.trade.fetch(`${API}/orders`, { method: 'POST', body: JSON.stringify({ portfolio }) })
  throw new Error(`the note was refused: ${response.status}`)
}

async function orderWithin(order: Order, { call }: ContractSurroundings): Promise<never> {
  await call('create_order', order)
  throw new Error('then it broke')
}

const tool = (description: string, execute: ContractTool['execute']) => ({ description, inputSchema: Order, execute })

/** Writes that end in other ways than by a result. */
export const brokenTools = {
  order_late: tool('Places an order, and does not end when it is aborted', orderLate),
  order_per_call: tool('Places an order, and asks for each call', (order: Order) =>
    createOrder(order, currentCall(brokenPolicies.order_per_call)),
  ),
  order_for_boss: tool('Places an order that Bob approves, and then fails', orderForBoss),
  pay_and_note: tool('Pays, and then fails to leave a note', payAndNote),
  order_within: tool('Places an order by another tool, and then fails', orderWithin),
}
