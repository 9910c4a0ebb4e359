import type { DenyCode, Explanation, Interrupt } from '../../base/contract/index.ts'
import { defined } from '../../base/values/index.ts'
import type { RevokedProof } from '../../records/revocation/index.ts'
import { idempotencyKey } from '../../runs/binding.ts'
import type { Entry } from '../../runs/record.ts'
import type { RunStore } from '../../runs/run-store.ts'

/** Reason why a call does not continue. A step of the pipeline returns either its finding or a refusal. */
export type Refusal =
  | {
      readonly status: 'denied'
      readonly code: DenyCode
      readonly detail: string
      readonly idempotencyKey?: string
      readonly retryAfter?: number
      readonly explanations?: readonly Explanation[]
      /** Stack of the error that a rule threw. For the trace. */
      readonly stack?: string
    }
  | { readonly status: 'interrupted'; readonly interrupt: Omit<Interrupt, 'v' | 'tool'>; readonly detail: string }
  | {
      readonly status: 'unavailable'
      readonly retryAfter?: number
      readonly detail: string
      /** The cause is unknown, so the outcome must not promise that a retry helps. */
      readonly retryable?: false
      /** Set if the same call, or an equal one, is under way: the outcome must not say that nothing was done. */
      readonly underWay?: UnderWay
    }

/** Runs for which a call waits: that of its own slot, or equal ones. */
export interface UnderWay {
  readonly slot: 'own' | 'other'
  readonly ids: readonly string[]
}

/** Returns whether a step refused. No fact that a step returns has a `status`. */
export const isRefusal = (found: object): found is Refusal => (found as { status?: string }).status !== undefined

/** Returns whether another call is about to do what this call asks for. */
export const isUnderWay = (refusal: Refusal): refusal is Refusal & { readonly underWay: UnderWay } =>
  refusal.status === 'unavailable' && refusal.underWay !== undefined

export const deny = (code: DenyCode, detail: string): Extract<Refusal, { status: 'denied' }> => ({
  status: 'denied',
  code,
  detail,
})

/** Fields of an interrupt; `undefined` is left out, and an id is made. */
type InterruptFields = Pick<Interrupt, 'kind' | 'message'> & {
  readonly [Field in Exclude<keyof Interrupt, 'v' | 'tool'>]?: Interrupt[Field] | undefined
}

/** Refuses a call until a person has done something. */
export const interrupted = (detail: string, fields: InterruptFields): Refusal => ({
  status: 'interrupted',
  interrupt: { id: crypto.randomUUID(), ...defined(fields) },
  detail,
})

/** @param maxAge - Maximum age of the login, in seconds. @default any */
export const loginRequired = (detail: string, maxAge?: number): Refusal =>
  interrupted(detail, { kind: 'login_required', message: 'Sign in to continue.', maxAge })

/** Returns the refusal for a caller whose access was revoked after the proof was issued. */
export const revokedRefusal = ({ name, needsLogin, retryAfter }: RevokedProof): Refusal => {
  const detail = `the ${name} was revoked after the proof was made, or the proof does not say when`
  // A login that the issuer still remembers would return the old `auth_time` again.
  if (needsLogin) return loginRequired(detail, 0)
  return { ...deny('revoked', detail), ...(retryAfter !== undefined && { retryAfter }) }
}

/** Refuses a run whose outcome is unknown. With its idempotency key, the API may know it. */
export async function unknownOutcome(
  { record }: Entry,
  detail: string,
  { runStore }: { readonly runStore: Pick<RunStore, 'hash'> },
): Promise<Refusal> {
  const key = await idempotencyKey(record.id, record.binding, runStore.hash)
  return { ...deny('unknown_outcome', detail), idempotencyKey: key }
}
