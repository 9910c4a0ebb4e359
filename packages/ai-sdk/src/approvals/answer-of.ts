import type { DenyCode } from '@behalf/core'
import { denySentences, type PauseState } from '@behalf/core/spi'
import type { ToolApprovalResponse } from 'ai'

/** The part of an approval response that the state of a question decides. */
export type Answer = Pick<ToolApprovalResponse, 'approved' | 'reason'>

const refusals: Readonly<Partial<Record<PauseState, DenyCode>>> = {
  denied: 'approval_denied',
  expired: 'approval_expired',
  failed: 'approval_failed',
  cancelled: 'approval_cancelled',
  revoked: 'revoked',
}

/** Returns the response to a request whose question is in this state. `undefined` while it is open. */
export function answerOf(state: PauseState): Answer | undefined {
  if (state === 'open') return undefined
  const refusal = refusals[state]
  return refusal === undefined ? { approved: true } : { approved: false, reason: denySentences[refusal] }
}
