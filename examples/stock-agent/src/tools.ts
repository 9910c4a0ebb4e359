import { currentCall, type InputOf } from '@behalf/core'
import type * as z from 'zod/mini'
import { API, type Order, policies } from './policies.ts'
import { Orders, type PlacedOrder, PlacedOrder as PlacedOrderBody, Portfolio, Price, Problem } from './wire.ts'

/** The Stock Trade API answered with something that is neither a result nor a refusal by the market. */
export class StockTradeError extends Error {
  override readonly name = 'StockTradeError'
  readonly code = 'ERR_STOCK_TRADE'
  readonly status: number

  constructor(status: number, detail: string) {
    super(`the Stock Trade API answered ${status}: ${detail}`)
    this.status = status
  }
}

/** An order that the market did not take: a definite answer, so nothing is in doubt. */
export interface RefusedOrder {
  readonly status: 'refused'
  readonly reason: string
}

async function getStockPrice({
  symbol,
}: InputOf<typeof policies.get_stock_price>): Promise<Price | { unknown: string }> {
  const response = await fetch(`${API}/prices/${encodeURIComponent(symbol)}`)
  return response.status === 404 ? { unknown: symbol } : read(response, Price)
}

/** Everything here is from the verified token; nothing is from the model. */
async function whoami() {
  const { identity } = currentCall(policies.whoami)
  if (identity?.kind !== 'user') return { kind: 'agent', issuer: identity?.issuer }
  const { subject, issuer, acr, authTime, claims } = identity
  return { kind: 'user', subject, issuer, roles: claims.roles, acr, signedInAt: authTime }
}

async function getPortfolio({ portfolio }: InputOf<typeof policies.get_portfolio>): Promise<Portfolio> {
  const { access } = currentCall(policies.get_portfolio)
  return read(await access.trade.fetch(`${API}/portfolios/${encodeURIComponent(portfolio)}`), Portfolio)
}

async function createOrder(order: Order): Promise<PlacedOrder | RefusedOrder> {
  const { access, idempotencyKey } = currentCall(policies.create_order)
  const response = await access.trade.fetch(`${API}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(order),
  })
  if (response.status === 422) return { status: 'refused', reason: await problemIn(response) }
  return read(response, PlacedOrderBody)
}

async function listOrders({ portfolio }: InputOf<typeof policies.list_orders>): Promise<z.infer<typeof Orders>> {
  const { access } = currentCall(policies.list_orders)
  return read(await access.trade.fetch(`${API}/portfolios/${encodeURIComponent(portfolio)}/orders`), Orders)
}

/** The tools' bodies, and what a model is told about them. */
export const tools = {
  get_stock_price: { description: 'The present price of a share, by its symbol.', execute: getStockPrice },
  whoami: { description: 'Who the signed-in user is.', execute: whoami },
  get_portfolio: { description: 'Cash and holdings of a portfolio.', execute: getPortfolio },
  create_order: { description: 'Buys or sells shares at the market price.', execute: createOrder },
  list_orders: { description: 'The orders that were carried out in a portfolio.', execute: listOrders },
}

async function read<Schema extends z.ZodMiniType>(response: Response, schema: Schema): Promise<z.infer<Schema>> {
  if (!response.ok) throw new StockTradeError(response.status, await problemIn(response))
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) throw new StockTradeError(response.status, 'a body of an unknown form')
  return parsed.data
}

async function problemIn(response: Response): Promise<string> {
  const parsed = Problem.safeParse(await response.json().catch(() => undefined))
  return parsed.success ? (parsed.data.detail ?? parsed.data.title) : 'no reason given'
}
