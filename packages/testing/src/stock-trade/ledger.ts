import type { Clock } from '@behalf/core'
import { TestingError } from '../testing-error.ts'
import { Problem } from './problem.ts'
import type { OrderBody } from './wire.ts'

/** Holder of an account: a subject of one issuer. The same subject of another issuer is another user. */
export interface AccountHolder {
  /** Issuer of the holder's tokens, exactly as the tokens write it. */
  readonly issuer: string
  /** The holder's `sub` at that issuer. */
  readonly subject: string
}

/** Shares and money of one account. */
export interface PortfolioSeed {
  /** Id of the portfolio, as paths and orders name it. Unique at the exchange. */
  readonly id: string
  /** US dollars, at most two decimals. */
  readonly cash: number
  /** Shares by symbol. */
  readonly holdings: Readonly<Record<string, number>>
  /** Orders of an earlier run, oldest first: carried out on top of cash and holdings. @default none */
  readonly orders?: readonly StockOrder[]
}

/** A customer of the exchange. */
export interface StockAccount {
  /** Id of the account. Idempotency keys are kept by account. */
  readonly id: string
  /** Subjects that may use the account: one for each issuer at which the holder signs in. */
  readonly holders: readonly AccountHolder[]
  /** Portfolios of the account at the start and after a reset. */
  readonly portfolios: readonly PortfolioSeed[]
  /**
   * Clients whose own approvals the account's holder accepts: under `trade:write` their orders need no
   * `authorization_details`. For orders that a person other than the holder approves, in the client's own pages.
   * @default none
   */
  readonly trustedClients?: readonly string[]
}

/** An order that was carried out. */
export interface StockOrder {
  /** Id that the exchange gave the order: a UUID. */
  readonly id: string
  /** Id of the portfolio that the order was placed in. */
  readonly portfolio: string
  /** Whether shares were bought or sold. */
  readonly side: 'buy' | 'sell'
  /** Symbol of the share, such as `AAPL`. */
  readonly symbol: string
  /** Number of shares. */
  readonly quantity: number
  /** Price of one share in US dollars, set by the exchange. */
  readonly price: number
  /** Price of all shares of the order, US dollars. */
  readonly total: number
  /** Always `filled`: an order is carried out whole, or refused. */
  readonly status: 'filled'
  /** ISO 8601. */
  readonly placedAt: string
}

/** A portfolio's present state. */
export interface Portfolio {
  readonly id: string
  readonly account: string
  cents: number
  readonly holdings: Map<string, number>
  readonly orders: StockOrder[]
}

/** Prices by symbol, US dollars. */
export const DEFAULT_PRICES: Readonly<Record<string, number>> = {
  AAPL: 189.84,
  AMZN: 178.22,
  GOOG: 141.8,
  MSFT: 415.2,
  NVDA: 121.44,
}

/** The books of the exchange. Money is counted in cents. */
export class Ledger {
  readonly #accounts: readonly StockAccount[]
  readonly #prices: ReadonlyMap<string, number>
  readonly #clock: Clock
  #portfolios: ReadonlyMap<string, Portfolio>

  constructor(accounts: readonly StockAccount[], prices: Readonly<Record<string, number>>, clock: Clock) {
    const ids = accounts.flatMap((account) => account.portfolios.map(({ id }) => id))
    const twice = ids.find((id, index) => ids.indexOf(id) !== index)
    if (twice !== undefined) throw new TestingError(`accounts: two portfolios are called ${JSON.stringify(twice)}`)
    this.#accounts = accounts
    this.#prices = new Map(Object.entries(prices).map(([symbol, dollars]) => [symbol, Math.round(dollars * 100)]))
    this.#clock = clock
    this.#portfolios = open(accounts)
  }

  reset(): void {
    this.#portfolios = open(this.#accounts)
  }

  accountOf(holder: AccountHolder): StockAccount | undefined {
    return this.#accounts.find((account) =>
      account.holders.some((one) => one.issuer === holder.issuer && one.subject === holder.subject),
    )
  }

  /** @returns cents */
  priceOf(symbol: string): number {
    const price = this.#prices.get(symbol)
    if (price === undefined) throw new Problem(404, 'unknown_symbol', `no price for ${JSON.stringify(symbol)}`)
    return price
  }

  /**
   * Returns a portfolio of the account. The answer is the same for a portfolio that does not exist and for one of
   * another account.
   */
  portfolioOf(account: StockAccount, id: string): Portfolio {
    const portfolio = this.#portfolios.get(id)
    if (portfolio === undefined || portfolio.account !== account.id) {
      throw new Problem(404, 'unknown_portfolio', `no portfolio ${JSON.stringify(id)} in this account`)
    }
    return portfolio
  }

  /** Returns every order of a portfolio, of any holder. */
  ordersOf(id: string): readonly StockOrder[] {
    return [...(this.#portfolios.get(id)?.orders ?? [])]
  }

  show(portfolio: Portfolio): object {
    const holdings = [...portfolio.holdings].map(([symbol, quantity]) => {
      const price = this.priceOf(symbol)
      return { symbol, quantity, price: price / 100, value: (price * quantity) / 100 }
    })
    return { id: portfolio.id, currency: 'USD', cash: portfolio.cents / 100, holdings }
  }

  /** Executes an order at the exchange's own price, or returns the reason why it cannot. */
  place(portfolio: Portfolio, { side, symbol, quantity }: OrderBody): StockOrder {
    const price = this.priceOf(symbol)
    const total = price * quantity
    const held = portfolio.holdings.get(symbol) ?? 0
    if (side === 'buy' && total > portfolio.cents) {
      throw new Problem(
        422,
        'insufficient_funds',
        `the order costs ${total / 100} USD, there are ${portfolio.cents / 100}`,
      )
    }
    if (side === 'sell' && quantity > held) {
      throw new Problem(422, 'insufficient_shares', `the portfolio holds ${held} shares of ${symbol}`)
    }
    const sign = side === 'buy' ? 1 : -1
    portfolio.cents -= sign * total
    portfolio.holdings.set(symbol, held + sign * quantity)
    const order: StockOrder = {
      id: crypto.randomUUID(),
      portfolio: portfolio.id,
      side,
      symbol,
      quantity,
      price: price / 100,
      total: total / 100,
      status: 'filled',
      placedAt: new Date(this.#clock.now()).toISOString(),
    }
    portfolio.orders.push(order)
    return order
  }
}

function open(accounts: readonly StockAccount[]): ReadonlyMap<string, Portfolio> {
  return new Map(
    accounts.flatMap((account) =>
      account.portfolios.map((seed): [string, Portfolio] => [seed.id, openOne(account.id, seed)]),
    ),
  )
}

function openOne(account: string, { id, cash, holdings, orders = [] }: PortfolioSeed): Portfolio {
  const portfolio: Portfolio = {
    id,
    account,
    cents: Math.round(cash * 100),
    holdings: new Map(Object.entries(holdings)),
    orders: [...orders],
  }
  for (const { side, symbol, quantity, total } of orders) {
    const sign = side === 'buy' ? 1 : -1
    portfolio.cents -= sign * Math.round(total * 100)
    portfolio.holdings.set(symbol, (portfolio.holdings.get(symbol) ?? 0) + sign * quantity)
  }
  return portfolio
}
