import type { InterruptKind } from '@behalf/core'

/** What a model is told of a call that waits for its user. What the user reads is in the interrupt. */
export const interruptSentences: Readonly<Record<InterruptKind, string>> = {
  login_required: 'The user has to sign in before this action can be done. It was not done.',
  connection_required: 'The user has to connect an account before this action can be done. It was not done.',
  approval_pending: 'The user was asked to approve this action and has not answered. It was not done.',
  step_up_required: 'The user has to sign in more strongly before this action can be done. It was not done.',
}

export const failedSentence = 'This tool failed. What it did before it failed is not known.'

export const misconfiguredSentence = 'This tool is not set up correctly. Trying again does not help.'
