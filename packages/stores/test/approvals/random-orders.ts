import type { SandboxSettings } from '@behalf/sandbox'
import type { Target } from '../targets.ts'

/** What the test tells its processes, in a file: where everything is, and who is signed in. */
export interface TradingFloor {
  readonly target: Target
  readonly settings: SandboxSettings
  readonly users: readonly { readonly subject: string; readonly accessToken: string }[]
  /** How many times sooner leases end. */
  readonly hastenedBy: number
  /** Where approvals are audited, line by line. */
  readonly audit: string
}

/** What a process is to do. */
export interface Shift {
  /** Orders that were begun and have not ended, as far as is known. */
  readonly open: readonly number[]
  /** The first of the orders that no process has begun. Absent: it takes the open ones to their end, and leaves. */
  readonly next?: number
}

/** Told by a process of an order, when it takes it up and when it leaves it. */
export interface Told {
  readonly order: number
  /** `done` or a deny code. Absent: it has not ended. */
  readonly end?: string
  /** Id at the exchange, of an order that was placed. */
  readonly id?: string
}

/** Conversations that a process has at once. */
export const AT_ONCE = 12

/** Users, each of whom gets ten questions a minute and fifty an hour at most (A14). */
export const USERS = 240

/** Every fifth order needs no approval. Within a portfolio no two orders are equal, so the exchange's list tells them apart. */
export function orderOf(order: number) {
  const round = Math.floor(order / USERS)
  const symbol = round % 2 === 0 ? 'AAPL' : 'MSFT'
  const isSmall = round % 5 === 4
  const small = Math.floor(round / 5)
  const quantity = isSmall ? 1 + (Math.floor(small / 2) % 10) : 11 + (round % 990)
  const side = isSmall && small % 40 >= 20 ? 'sell' : 'buy'
  return { user: order % USERS, side, symbol, quantity }
}
