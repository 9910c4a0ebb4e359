import type { DenyCode, Explanation, Interrupt, InterruptKind } from '../../base/contract/index.ts'
import { defined } from '../../base/values/index.ts'
import type { RevokedProof } from '../../records/revocation/index.ts'
import { idempotencyKey } from '../../runs/binding.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'
import type { RunStore } from '../../runs/run-store.ts'

/** Fixed sentences for a model: the whole text that it reads about a refusal. */
export const denySentences: Readonly<Record<DenyCode, string>> = {
  no_policy: 'This tool is not available.',
  invalid_input: 'The arguments of this call are not valid for this tool.',
  identity_not_verified: 'The user of this call could not be verified.',
  role_missing: "The user's role does not allow this action.",
  not_permitted: 'This action is not permitted.',
  approval_denied: 'The request for approval was denied. Do not try this action again unless the user asks for it.',
  approval_expired: 'The request for approval expired.',
  approval_failed: 'The approval could not be verified, so the action was not done.',
  approval_not_sent: 'No approver was asked, and the action was not done.',
  approval_cancelled: 'The request for approval was cancelled.',
  revoked: 'The access that this action needs was revoked.',
  delegation_exceeded: 'This action goes beyond what was delegated to this agent.',
  unknown_outcome:
    'This action was started before and its result is not known. It was not done again. Ask the user to check its result first.',
  too_many_attempts: 'This action was tried three times and gave no result. It is not tried again.',
  misconfigured: 'This tool is not set up correctly. Trying again does not help.',
}

/** Sentence for a call that an earlier denial refuses. Meanwhile, an equal call may be open with the approver. */
export const deniedBefore =
  'The approver denied such an action before, so this call did not ask. The user can ask again later.'

export const unavailableSentence =
  'A service that this action needs did not answer. This call did nothing. It can be tried again later, unless an earlier call has done the action.'

/** Sentence for a call that a store or another port ended with an error of its own. */
export const failedSentence =
  'A service that this action needs failed. This call did nothing. Do not try it again unless the user asks for it.'

/**
 * Sentences for a call whose action another call runs now: under its own slot, a later call gets the result; under
 * another slot, it would be one more action.
 */
export const underWaySentences = {
  own: 'This action may be under way already. It was not started again. Ask again in a moment for its result.',
  other: 'An equal action is under way, and this one was not started. Do not repeat it before the user has checked.',
} as const

/** Fixed sentences for a model about a call that waits for its user. The interrupt holds the text for the user. */
export const interruptSentences: Readonly<Record<InterruptKind, string>> = {
  login_required: 'The user has to sign in before this action can be done. This call did nothing.',
  connection_required: 'The user has to connect an account before this action can be done. This call did nothing.',
  approval_pending: 'The user was asked to approve this action and has not answered. It was not done.',
  step_up_required: 'The user has to sign in more strongly before this action can be done. This call did nothing.',
}

/** Fixed sentence for a model, in place of the error that a tool's body threw. */
export const toolFailedSentence = 'This tool failed. What it did before it failed is not known.'

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

type Unavailable = Extract<Refusal, { status: 'unavailable' }>

/** @param retryAfter - Seconds. */
export const unavailable = (detail: string, retryAfter = 1): Unavailable => ({
  status: 'unavailable',
  detail,
  retryAfter,
})

/** Refuses a call for which other runs are under way: that of its own slot, or equal ones. */
export const underWay = (
  detail: string,
  slot: UnderWay['slot'],
  runs: readonly { readonly record: Pick<RunRecord, 'id'> }[],
): Unavailable => ({
  ...unavailable(detail, 2),
  underWay: { slot, ids: runs.map(({ record }) => record.id) },
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
