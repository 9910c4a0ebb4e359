import type { Json } from '@behalf/core'
import { plainCopy } from '@behalf/core/spi'
import type { ModelMessage } from 'ai'
import { hasEnded, type Part, partsOf, type ToolCall } from './pending-approvals.ts'

type ApprovalRequest = Extract<Part, { readonly type: 'tool-approval-request' }>

/** A tool call, as a conversation holds it. */
export interface CallInMessages {
  /**
   * Id of the call in its conversation: the model's id. If the model used the id in earlier turns, a count is added.
   */
  readonly id: string
  /** The call, if the conversation contains it. A call of the current step is not in the messages yet. */
  readonly call?: ToolCall
  /** Approval request that the last message answers. A client may have written both. */
  readonly answered?: ApprovalRequest
}

/** Finds the newest call with this id, and the number of earlier calls with it. */
export function callIn(messages: readonly ModelMessage[], toolCallId: string): CallInMessages {
  const parts = messages.flatMap(partsOf)
  const calls = parts.filter((part) => part.type === 'tool-call').filter((part) => part.toolCallId === toolCallId)
  const call = calls.at(-1)
  const answered = answeredRequest(parts, messages.at(-1), toolCallId)
  // A call with a result belongs to an earlier step, unless a client asks for it again.
  const isHeld = call !== undefined && (answered !== undefined || !hasEnded(parts, call))
  const before = calls.length - (isHeld ? 1 : 0)
  return {
    id: before === 0 ? toolCallId : JSON.stringify([toolCallId, before]),
    ...(isHeld && { call }),
    // Copied: the app's own message may change while the guard waits.
    ...(answered !== undefined && { answered: (plainCopy(answered) ?? answered) as ApprovalRequest }),
  }
}

/**
 * Name of a call's pause for the guard. It is bound to the conversation and to the arguments, both as parsed and as
 * written: a client that keeps messages could change these.
 */
export const pauseOf = (threadId: string, callId: string, input: unknown, written: unknown): Json => [
  threadId,
  callId,
  plain(input),
  plain(written),
]

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value) ?? 'null')

/**
 * Returns the arguments that a model may have written for a call whose request is in the messages. The AI SDK keeps
 * them if its schema transformed them. If an app refines these, the guard may know only the refined ones.
 */
export const writtenIn = (request: object, input: unknown): readonly [unknown, ...unknown[]] =>
  'inputSchemaInput' in request ? [request.inputSchemaInput, input] : [input]

function answeredRequest(
  parts: readonly Part[],
  last: ModelMessage | undefined,
  toolCallId: string,
): ApprovalRequest | undefined {
  const answers = last?.role === 'tool' ? last.content : []
  // If an answer is stored with its result, the AI SDK ignores it: a call with this id is a new one.
  if (answers.some((part) => part.type === 'tool-result' && part.toolCallId === toolCallId)) return undefined
  const ids = answers.filter((part) => part.type === 'tool-approval-response').map(({ approvalId }) => approvalId)
  return parts
    .filter((part) => part.type === 'tool-approval-request')
    .findLast((request) => request.toolCallId === toolCallId && ids.includes(request.approvalId))
}
