import type { Planner } from '@behalf/example-stock-agent'
import { answerOf, type ToolCall } from '@behalf/example-stock-agent/demo'
import type { LanguageModel } from 'ai'

export type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>
type Options = Parameters<Model['doGenerate']>[0]
type Message = Options['prompt'][number]
type Result = Awaited<ReturnType<Model['doGenerate']>>

/** A model's stand-in: the scripted planner decides what to call, and results become sentences. */
export function scriptedModel(planner: Planner, portfolio: string | undefined): Model {
  return modelOf((prompt) => {
    const plan = planner(promptIn(prompt), { portfolio })
    return plan.kind === 'say' ? plan.text : { id: crypto.randomUUID(), tool: plan.tool, input: plan.input }
  })
}

/** Writes one call over again, with the id that it had. */
export const repeatingModel = (call: ToolCall): Model => modelOf(() => call)

function modelOf(first: (prompt: readonly Message[]) => string | ToolCall): Model {
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId: 'planner',
    supportedUrls: {},
    async doGenerate({ prompt }): Promise<Result> {
      const answer = answerIn(prompt.at(-1)) ?? first(prompt)
      const isText = typeof answer === 'string'
      return {
        content: isText
          ? [{ type: 'text', text: answer }]
          : [{ type: 'tool-call', toolCallId: answer.id, toolName: answer.tool, input: JSON.stringify(answer.input) }],
        finishReason: { unified: isText ? 'stop' : 'tool-calls', raw: undefined },
        usage: {
          inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 0, text: 0, reasoning: 0 },
        },
        warnings: [],
      }
    },
    doStream: () => Promise.reject(new TypeError('this demo does not stream')),
  }
}

function promptIn(messages: readonly Message[]): string {
  const last = messages.findLast(({ role }) => role === 'user')
  if (last?.role !== 'user') return ''
  return last.content.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
}

/** What a model says of the results that it was sent last. */
function answerIn(message: Message | undefined): string | undefined {
  if (message?.role !== 'tool') return undefined
  const said = message.content.flatMap((part) => {
    if (part.type !== 'tool-result') return []
    const { output, toolName } = part
    if (output.type === 'execution-denied') return [`That was not done. ${output.reason ?? ''}`]
    if (output.type === 'error-text') return [`That was not done. ${output.value}`]
    if (output.type !== 'json') return []
    const tool = toolName as ToolCall['tool']
    return [answerOf(tool, { status: 'done', result: output.value, trace: { tool, steps: [] } })]
  })
  return said.join(' ')
}
