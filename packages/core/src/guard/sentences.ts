import type { DenyCode } from '../contract/index.ts'

/** What a model is told, word for word, and all that it is told. */
export const denySentences: Readonly<Record<DenyCode, string>> = {
  no_policy: 'This tool is not available.',
  invalid_input: 'The arguments of this call are not valid for this tool.',
  identity_not_verified: 'It could not be verified for whom this call is made.',
  role_missing: "The user's role does not allow this action.",
  not_permitted: 'This action is not permitted.',
  approval_denied: 'The request for approval was denied. Do not try this action again unless the user asks for it.',
  approval_expired: 'The request for approval ran out without being used.',
  approval_failed: 'The approval could not be verified, so the action was not done.',
  approval_cancelled: 'The request for approval was cancelled.',
  revoked: 'The access that this action needs was revoked.',
  delegation_exceeded: 'This action goes beyond what was delegated to this agent.',
  unknown_outcome: 'This action was begun before and its result is not known. It was not done again.',
  misconfigured: 'This tool is not set up correctly. Trying again does not help.',
}

export const unavailableSentence =
  'A service that this action needs did not answer. The action was not done; it can be tried again later.'
