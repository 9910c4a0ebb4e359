// Also loaded in browsers: imports no code of core.
import { type Interrupt, parseInterrupt } from '@behalf/core/interrupts'
import type { ModelMessage } from 'ai'

/** An approval request without an answer. */
export interface PendingApproval {
  readonly approvalId: string
  readonly toolCallId: string
  /** Interrupt of the request. Absent if the request is not of a guarded tool, or of an unknown version. */
  readonly interrupt: Interrupt | undefined
}

/** An approval request that a server's messages contain. */
export interface HeldApproval extends PendingApproval {
  readonly request: object
}

/** The approval requests in a conversation that have neither a response nor a result. */
export function pendingApprovals(messages: readonly ModelMessage[]): readonly HeldApproval[] {
  const parts = messages.flatMap(partsOf)
  const answered = new Set(parts.map((part) => part.type === 'tool-approval-response' && part.approvalId))
  const calls = parts.filter((part) => part.type === 'tool-call')
  return parts
    .filter((part) => part.type === 'tool-approval-request')
    .filter(({ approvalId, toolCallId }) => {
      const call = calls.findLast((one) => one.toolCallId === toolCallId)
      return !answered.has(approvalId) && (call === undefined || !hasEnded(parts, call))
    })
    .map((request) => {
      const { approvalId, toolCallId, reason } = request
      return { approvalId, toolCallId, interrupt: parseInterrupt(reason), request }
    })
}

/** The parts of a `useChat` message that are read. */
export interface ShownMessage {
  /** The parts of the message, in order. */
  readonly parts: readonly ShownPart[]
}

/** A part of such a message. Only parts of tools are read. */
export interface ShownPart {
  /** Kind of the part, such as `text` or `tool-create_order`. */
  readonly type: string
  /** Name of a dynamic tool. Absent on other parts. */
  readonly toolName?: string
  /** The arguments of the call. Absent on parts that are not of a tool. */
  readonly input?: unknown
  /** State of a tool's part. Only a part in state `approval-requested` can hold an interrupt. Absent on other parts. */
  readonly state?: string
  /** The id of the tool call in the messages. Absent on parts that are not of a tool. */
  readonly toolCallId?: string
  /**
   * The approval request of the call; `requestReason` holds the interrupt as JSON. Absent while nothing was requested.
   */
  readonly approval?: { readonly id: string; readonly requestReason?: string; readonly approved?: boolean }
}

/** Returns the same requests, from the messages in a browser. */
export function shownApprovals(messages: readonly ShownMessage[]): readonly PendingApproval[] {
  return messages
    .flatMap(({ parts }) => parts)
    .flatMap(({ state, toolCallId, approval }) => {
      if (state !== 'approval-requested' || toolCallId === undefined || approval === undefined) return []
      return [{ approvalId: approval.id, toolCallId, interrupt: parseInterrupt(approval.requestReason) }]
    })
}

export type Part = Exclude<ModelMessage['content'], string>[number]
export type ToolCall = Extract<Part, { readonly type: 'tool-call' }>

export const partsOf = ({ content }: ModelMessage): readonly Part[] => (typeof content === 'string' ? [] : content)

/**
 * Returns the last message, or the last step with the tool messages behind it. Only its requests wait: the AI SDK reads
 * responses from there alone, and drops or refuses a call that a later message buries.
 */
export const lastStep = <Message extends object>(messages: readonly Message[]): readonly Message[] =>
  messages.slice(messages.findLastIndex((message) => !('role' in message && message.role === 'tool')))

/** Returns whether a result of this call follows it. */
export const hasEnded = (parts: readonly Part[], call: ToolCall): boolean =>
  parts.slice(parts.indexOf(call)).some((part) => part.type === 'tool-result' && part.toolCallId === call.toolCallId)
