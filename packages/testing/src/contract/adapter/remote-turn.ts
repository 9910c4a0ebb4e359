import type { AdapterReport, ModelStep, TurnStart } from './adapter-subject.ts'
import type { GuardPlan } from './make-guard.ts'
import type { GuardedName } from './toolbox.ts'

/**
 * A turn in the form for another process. Servers and store stay in this process, and the other process calls them over
 * this channel.
 */
export interface RemoteTurn {
  readonly start: TurnStart
  readonly threadId: string
  readonly directory: string
  readonly tools: readonly GuardedName[]
  readonly model: readonly ModelStep[]
  readonly accessToken: string | undefined
  readonly plan: GuardPlan
  /** Milliseconds by which the world's clock is ahead of the machine's. */
  readonly aheadMs: number
}

export type ToChild =
  | { readonly kind: 'turn'; readonly turn: RemoteTurn }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }

export type ToParent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'fetch'; readonly id: number; readonly request: WireRequest }
  | { readonly kind: 'store'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'report'; readonly report: AdapterReport }

export interface WireRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export interface WireResponse {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}
