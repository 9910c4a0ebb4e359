import { answerOf } from './answer.ts'
import type { ToolName } from './tools.ts'

/** Parts of a prompt that a scripted model reads, in the frameworks' form. */
interface PromptMessage {
  readonly role: string
  readonly content: string | readonly PromptPart[]
}

interface PromptPart {
  readonly type: string
  readonly text?: unknown
  readonly toolName?: string
  readonly output?: { readonly type: string; readonly value?: unknown; readonly reason?: string | undefined }
}

/** Returns the user's last message. */
export function promptIn(messages: readonly PromptMessage[]): string {
  const content = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
}

/** Returns a model's sentences about the results in the last message; `undefined` if it has none. */
export function answersIn(message: PromptMessage | undefined): readonly string[] | undefined {
  if (message?.role !== 'tool' || typeof message.content === 'string') return undefined
  return message.content.flatMap(({ type, toolName, output }) => {
    if (type !== 'tool-result' || output === undefined) return []
    if (output.type === 'execution-denied') return [`That was not done. ${output.reason ?? ''}`]
    if (output.type === 'error-text') return [`That was not done. ${output.value}`]
    if (output.type !== 'json') return []
    const tool = toolName as ToolName
    return [answerOf(tool, { status: 'done', result: output.value, trace: { tool, steps: [] } })]
  })
}
