import type { DenyCode, Explanation, Interrupt } from '../contract/index.ts'

/** Why a call does not go on. Each step gives one, or nothing. */
export type Stop =
  | {
      readonly status: 'denied'
      readonly code: DenyCode
      readonly detail: string
      readonly idempotencyKey?: string
      readonly retryAfter?: number
      readonly explanations?: readonly Explanation[]
    }
  | { readonly status: 'interrupted'; readonly interrupt: Omit<Interrupt, 'v' | 'tool'>; readonly detail: string }
  | {
      readonly status: 'unavailable'
      readonly retryAfter?: number
      readonly detail: string
      /** The same call is being run: nobody may say that it was not done. */
      readonly underWay?: boolean
    }

export const deny = (code: DenyCode, detail: string): Stop => ({ status: 'denied', code, detail })

export const loginRequired = (detail: string): Stop => ({
  status: 'interrupted',
  interrupt: { kind: 'login_required', id: crypto.randomUUID(), message: 'Sign in to continue.' },
  detail,
})
