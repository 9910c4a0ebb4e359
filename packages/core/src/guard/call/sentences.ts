import type { DenyCode, InterruptKind } from '../../base/contract/index.ts'

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
