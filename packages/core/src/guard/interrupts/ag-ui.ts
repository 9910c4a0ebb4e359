import type { Interrupt, InterruptKind } from '../../base/contract/index.ts'
import type { ApprovalInbox, InboxOptions } from '../methods/approval-inbox.ts'

/** A guarded call that waits, as `interruptsOf` of an adapter lists it. */
export interface WaitingCall {
  /** Action that the person must take. */
  readonly interrupt: Interrupt
  /** Id of the call in the conversation. */
  readonly callId?: string
  /** The same, as other adapters name it. */
  readonly toolCallId?: string
}

/** An interrupt of AG-UI 1.0, for `outcome.interrupts` of `RUN_FINISHED`. It has no proof, which stays on the server. */
export interface AgUiInterrupt {
  /** Id of the guard's interrupt. */
  id: string
  /** Not AG-UI's `tool_call`, for which a client shows the buttons yes and no: the client's answer has no effect. */
  reason: `behalf:${InterruptKind}`
  /** Text for the user. */
  message: string
  /** Id of the call in the conversation. */
  toolCallId?: string
  /** An object without fields: the user enters nothing. */
  responseSchema: { type: 'object'; additionalProperties: false }
  /** ISO 8601. A client can only cancel after this time. */
  expiresAt?: string
  /** The whole interrupt, for the app's own page: read it with `parseInterrupt`. */
  metadata: { behalf: Interrupt }
}

/** The parts of an entry of `resume` in AG-UI's `RunAgentInput` that are read. */
export interface AgUiResumeEntry {
  /** Id of the interrupt. */
  readonly interruptId: string
  /** `resolved`: the user came back. `cancelled`: the user gave up. */
  readonly status: 'resolved' | 'cancelled'
}

/**
 * Returns the waiting calls as interrupts of AG-UI 1.0, which CopilotKit and other clients show.
 *
 * @param pending - What `interruptsOf` of an adapter returned.
 */
export function agUiInterrupts(pending: readonly WaitingCall[]): AgUiInterrupt[] {
  return pending.map(({ interrupt: { proof: _, ...interrupt }, callId, toolCallId = callId }) => {
    const { id, kind, message, expiresAt = Number.NaN } = interrupt
    const end = new Date(expiresAt * 1000)
    return {
      id,
      reason: `behalf:${kind}`,
      message,
      ...(toolCallId !== undefined && { toolCallId }),
      responseSchema: { type: 'object', additionalProperties: false },
      ...(Number.isFinite(end.getTime()) && { expiresAt: end.toISOString() }),
      metadata: { behalf: interrupt },
    }
  })
}

/**
 * Takes `resume` of AG-UI's `RunAgentInput` as a wake-up, and never as an approval. Call `resumeWhenResolved` of the
 * adapter next: the answer is in the guard's record.
 *
 * Reads no `payload`. If an entry is not `resolved`, cancels the question, even if a person has approved it and the
 * approval is unused. Another user's entries change nothing.
 *
 * @param resume - From the client, unchecked.
 * @param pending - The calls that wait, as the server stored them.
 * @returns `false` if `resume` does not name exactly those calls. AG-UI's answer is then `RUN_ERROR`.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError Nothing is known; try again.
 */
export async function takeAgUiResume(
  resume: readonly AgUiResumeEntry[] | undefined,
  pending: readonly WaitingCall[],
  { guard, ...own }: { readonly guard: { readonly approvals: Pick<ApprovalInbox, 'cancel'> } } & InboxOptions,
): Promise<boolean> {
  const entries: readonly (AgUiResumeEntry | null)[] = Array.isArray(resume) ? [...resume] : []
  const ids = new Set(pending.map(({ interrupt }) => interrupt.id))
  const named = new Set(entries.map((entry) => entry?.interruptId))
  if (named.size !== ids.size || ![...ids].every((id) => named.has(id))) return false
  const given = [...ids].filter((id) => entries.some((one) => one?.interruptId === id && one.status !== 'resolved'))
  await Promise.all(given.map((id) => guard.approvals.cancel(id, own)))
  return true
}
