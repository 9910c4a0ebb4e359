// Also loaded in browsers: imports no code of core.
import type { ModelMessage } from 'ai'

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
