import type { Json } from '@behalf/core'
import { plainCopy } from '@behalf/core/spi'
import type { ModelMessage } from 'ai'

export type Part = Exclude<ModelMessage['content'], string>[number]
type ToolCall = Extract<Part, { readonly type: 'tool-call' }>
type ApprovalRequest = Extract<Part, { readonly type: 'tool-approval-request' }>

/** A tool call, as a conversation holds it. */
export interface CallInMessages {
  /**
   * Names the call in its conversation: the id that the model gave, and where it gave the same id in earlier turns, how
   * often.
   */
  readonly id: string
  /** The call itself, where the conversation holds it. A call of the current step is not in the messages yet. */
  readonly call?: ToolCall
  /** Where the last message answers a request to approve it: that request. A client may have written both. */
  readonly answered?: ApprovalRequest
}

/** Finds the newest call of this id, and how often there was one before. */
export function callIn(messages: readonly ModelMessage[], toolCallId: string): CallInMessages {
  const parts = messages.flatMap(partsOf)
  const calls = parts.filter((part) => part.type === 'tool-call').filter((part) => part.toolCallId === toolCallId)
  const call = calls.at(-1)
  const answered = answeredRequest(parts, messages.at(-1), toolCallId)
  // One that has its result is of an earlier step, but for a client that asks for it once more.
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
 * What the guard calls the pause of a call: bound to its conversation and its arguments, as they were parsed and as they were
 * written, which a client that keeps messages could change.
 */
export const pauseOf = (threadId: string, callId: string, input: unknown, written: unknown): Json => [
  threadId,
  callId,
  plain(input),
  plain(written),
]

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value) ?? 'null')

/**
 * The arguments that a model may have written for a call of which messages hold a request. The AI SDK keeps them where its
 * schema made others of them; where an app refines these, the guard may know the refined ones alone.
 */
export const writtenIn = (request: object, input: unknown): readonly [unknown, ...unknown[]] =>
  'inputSchemaInput' in request ? [request.inputSchemaInput, input] : [input]

/** Whether a result of this call follows it. */
export const hasEnded = (parts: readonly Part[], call: ToolCall): boolean =>
  parts.slice(parts.indexOf(call)).some((part) => part.type === 'tool-result' && part.toolCallId === call.toolCallId)

function answeredRequest(
  parts: readonly Part[],
  last: ModelMessage | undefined,
  toolCallId: string,
): ApprovalRequest | undefined {
  const answers = last?.role === 'tool' ? last.content : []
  // Kept with its result, an answer moves nothing in the AI SDK: a call of this id is a new one.
  if (answers.some((part) => part.type === 'tool-result' && part.toolCallId === toolCallId)) return undefined
  const ids = answers.filter((part) => part.type === 'tool-approval-response').map(({ approvalId }) => approvalId)
  return parts
    .filter((part) => part.type === 'tool-approval-request')
    .findLast((request) => request.toolCallId === toolCallId && ids.includes(request.approvalId))
}

export const partsOf = ({ content }: ModelMessage): readonly Part[] => (typeof content === 'string' ? [] : content)
