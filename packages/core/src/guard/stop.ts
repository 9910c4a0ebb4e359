import type { DenyCode, Explanation, Interrupt } from '../contract/index.ts'
import type { RevokedProof } from '../revocation/index.ts'

/** Why a call does not go on. Each step gives one, or nothing. */
export type Stop =
  | {
      readonly status: 'denied'
      readonly code: DenyCode
      readonly detail: string
      readonly idempotencyKey?: string
      readonly retryAfter?: number
      readonly explanations?: readonly Explanation[]
      /** Of the error that a rule threw. For the trace. */
      readonly stack?: string
    }
  | { readonly status: 'interrupted'; readonly interrupt: Omit<Interrupt, 'v' | 'tool'>; readonly detail: string }
  | {
      readonly status: 'unavailable'
      readonly retryAfter?: number
      readonly detail: string
      /** Something failed in an unknown way: nobody may say that another try helps. */
      readonly retryable?: false
      /** The same call is being run: nobody may say that it was not done. */
      readonly underWay?: boolean
    }

export const deny = (code: DenyCode, detail: string): Extract<Stop, { status: 'denied' }> => ({
  status: 'denied',
  code,
  detail,
})

/** @param maxAge - How long ago the login may be, in seconds. @default any time */
export const loginRequired = (detail: string, maxAge?: number): Stop => ({
  status: 'interrupted',
  interrupt: {
    kind: 'login_required',
    id: crypto.randomUUID(),
    message: 'Sign in to continue.',
    ...(maxAge !== undefined && { maxAge }),
  },
  detail,
})

/** What a caller is told whose access was revoked after their proof was made. */
export const revokedStop = ({ name, needsLogin, retryAfter }: RevokedProof): Stop => {
  const detail = `the ${name} was revoked, and the proof was made before that or does not say when`
  // A login that the issuer still remembers would bring the old `auth_time` again.
  if (needsLogin) return loginRequired(detail, 0)
  return { status: 'denied', code: 'revoked', detail, ...(retryAfter !== undefined && { retryAfter }) }
}
