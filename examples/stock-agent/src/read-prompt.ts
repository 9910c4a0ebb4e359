import { answerOf } from './answer.ts'
import type { ToolName } from './tools.ts'

/** What a scripted model reads of a prompt, as the frameworks write it. */
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

/** The words that the user said last. */
export function promptIn(messages: readonly PromptMessage[]): string {
  const content = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  if (typeof content === 'string') return content
  return content.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
}

/** What a model says of each result that it was sent last; `undefined` where the last message brings none. */
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
