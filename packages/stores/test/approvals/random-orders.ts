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

/** What a process is to do. `settle`: take each order to its end, and tell how it ended. */
export interface Shift {
  readonly from: number
  readonly to: number
  readonly settle: boolean
}

/** Told by a process of an order that it left. */
export interface Told {
  readonly order: number
  /** `done`, a deny code, or what keeps it. */
  readonly end: string
  /** Id at the exchange, of an order that was placed. */
  readonly id?: string
}

/** Conversations that a process has at once. */
export const AT_ONCE = 12

/** Users, each of whom is asked twenty questions a minute at most (A8). */
export const USERS = 60

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
