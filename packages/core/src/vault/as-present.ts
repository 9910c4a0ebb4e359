import type { UserIdentity } from '../base/contract/index.ts'
import { isAbsence, type PresenceContext, type PresentUser, requirePresentUser } from '../identity/present-user.ts'
import { type FaultAnswer, faultAnswer } from './fault-answer.ts'

/** The proof is not that of a present person, has expired, or was revoked. */
export interface LoginRequired {
  readonly status: 'login_required'
  readonly detail: string
}

export const loginRequiredAnswer = (error: unknown): LoginRequired | undefined =>
  isAbsence(error) ? { status: 'login_required', detail: error.message } : undefined

/** Runs an action that only a present person may take (I10), or returns the reason for the refusal. */
export async function asPresent<Answer>(
  identity: UserIdentity,
  presence: PresenceContext,
  work: (user: PresentUser) => Promise<Answer>,
): Promise<Answer | FaultAnswer | LoginRequired> {
  let user: PresentUser
  try {
    user = await requirePresentUser(identity, presence)
  } catch (error) {
    return loginRequiredAnswer(error) ?? faultAnswer(error)
  }
  return work(user)
}

/**
 * Keeps a new link. Undoes it if the proof was revoked (I11), or if the revocations are unknown.
 * @returns why it was undone, or `undefined`
 */
export async function undoneUnlessPresent(
  user: PresentUser,
  undo: () => Promise<unknown>,
): Promise<FaultAnswer | LoginRequired | undefined> {
  try {
    await user.confirm()
    return undefined
  } catch (error) {
    await undo()
    return loginRequiredAnswer(error) ?? faultAnswer(error)
  }
}
