import { guardTools, interruptsOf, type PendingInterrupt, resumeWhenResolved } from '@behalf/ai-sdk'
import type { Guard, UserIdentity } from '@behalf/core'
import { policies, type ToolName } from '@behalf/example-stock-agent'
import { convertToModelMessages, type ToolApprovalResponse, type UIMessage } from 'ai'
import { tools } from './tools.ts'

/** Outcome of a conversation's waiting calls. */
export interface Settled {
  /** `'open'`: a person has still to do something, so the model must not be asked. */
  readonly status: 'open' | 'answered'
  readonly messages: readonly UIMessage[]
}

export interface SettleContext {
  readonly guard: Guard
  readonly identity: UserIdentity | undefined
  readonly threadId: string
}

/**
 * Checks the waiting calls. Reads nothing from the browser: the messages are the stored ones, and the guard has the
 * answers.
 *
 * After its login, a call may need an account or an approval: then the same call waits for that.
 */
export async function settleWaiting(messages: readonly UIMessage[], context: SettleContext): Promise<Settled> {
  const waiting = interruptsOf(messages)
  if (waiting.length === 0) return { status: 'answered', messages }
  const { guard, identity, threadId } = context
  if (identity === undefined) return { status: 'open', messages }
  const looks = await Promise.all(waiting.map((one) => lookAgain(messages, one, context)))
  const now = looks.reduce<readonly UIMessage[]>((all, look) => look.change?.(all) ?? all, messages)
  if (looks.some(({ isOpen }) => isOpen)) return { status: 'open', messages: now }
  const kept = await convertToModelMessages([...now], { tools })
  const resumed = await resumeWhenResolved(kept, { guard, identity, threadId })
  if (resumed.status !== 'resolved') return { status: 'open', messages: now }
  const last = resumed.messages.at(-1)
  const responses = last?.role === 'tool' ? last.content.filter((part) => part.type === 'tool-approval-response') : []
  return { status: 'answered', messages: responses.reduce(answered, now) }
}

interface Look {
  readonly isOpen: boolean
  readonly change?: (messages: readonly UIMessage[]) => readonly UIMessage[]
}

/**
 * Checks a call. The guard's inbox later reads a question. A preflight tells whether a login or an account exists now.
 */
async function lookAgain(
  messages: readonly UIMessage[],
  { approvalId, toolCallId, interrupt }: PendingInterrupt,
  { guard, identity, threadId }: SettleContext,
): Promise<Look> {
  if (interrupt.kind === 'approval_pending') return { isOpen: false }
  const call = callOf(messages, toolCallId)
  if (call === undefined || identity === undefined) return { isOpen: true }
  const { tool, input } = call
  const outcome = await guard.preflight(policies[tool], { tool, slot: [threadId, toolCallId], input, identity })
  if (outcome.status !== 'interrupted') return { isOpen: false }
  const { kind, id } = outcome.interrupt
  if (kind === interrupt.kind && id === interrupt.id) return { isOpen: true }
  // Written as `guardTools` does, with its proof: without one, it answers nothing.
  const { toolApproval } = guardTools(tools, { guard, policies, identity, threadId })
  const asked = await toolApproval[tool](input, {
    toolCallId,
    messages: await convertToModelMessages([...messages], { tools }),
  })
  if (typeof asked !== 'object' || asked.type !== 'user-approval' || asked.reason === undefined) return { isOpen: true }
  const { reason: requestReason } = asked
  return {
    isOpen: true,
    change: (all) => withApproval(all, approvalId, () => ({ approval: { id: approvalId, requestReason } })),
  }
}

/** Ends the calls that wait for a login or an account: the user continues with another request. */
export function giveUpWaiting(messages: readonly UIMessage[]): readonly UIMessage[] {
  return interruptsOf(messages)
    .filter(({ interrupt }) => interrupt.kind !== 'approval_pending')
    .reduce<readonly UIMessage[]>(
      (all, { approvalId }) => answered(all, { approvalId, approved: false, reason: 'The user did not do that.' }),
      messages,
    )
}

type Shown = Extract<UIMessage['parts'][number], { readonly toolCallId: string }>

function callOf(
  messages: readonly UIMessage[],
  id: string,
): { readonly tool: ToolName; readonly input: unknown } | undefined {
  const part = messages
    .flatMap(({ parts }) => parts)
    .find((one): one is Shown => 'toolCallId' in one && one.toolCallId === id)
  const tool = part?.type.replace(/^tool-/, '') ?? ''
  return part !== undefined && Object.hasOwn(policies, tool) ? { tool: tool as ToolName, input: part.input } : undefined
}

function answered(
  messages: readonly UIMessage[],
  { approvalId: id, approved, reason }: Pick<ToolApprovalResponse, 'approvalId' | 'approved' | 'reason'>,
): readonly UIMessage[] {
  return withApproval(messages, id, (approval) => ({
    state: 'approval-responded',
    approval: { ...approval, id, approved, ...(reason !== undefined && { reason }) },
  }))
}

function withApproval(
  messages: readonly UIMessage[],
  id: string,
  change: (approval: object) => object,
): readonly UIMessage[] {
  return messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) =>
      'approval' in part && part.approval?.id === id ? ({ ...part, ...change(part.approval) } as typeof part) : part,
    ),
  }))
}
