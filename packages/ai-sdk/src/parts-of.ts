// Also loaded in browsers: imports no code of core.
import type { ModelMessage } from 'ai'

export type Part = Exclude<ModelMessage['content'], string>[number]
export type ToolCall = Extract<Part, { readonly type: 'tool-call' }>

export const partsOf = ({ content }: ModelMessage): readonly Part[] => (typeof content === 'string' ? [] : content)

/** Whether a result of this call follows it. */
export const hasEnded = (parts: readonly Part[], call: ToolCall): boolean =>
  parts.slice(parts.indexOf(call)).some((part) => part.type === 'tool-result' && part.toolCallId === call.toolCallId)
