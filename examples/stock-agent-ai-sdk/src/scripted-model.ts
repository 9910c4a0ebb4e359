import { answersIn, type Planner, promptIn, type ToolCall } from '@behalf/example-stock-agent'
import type { LanguageModel } from 'ai'

export type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>
type Options = Parameters<Model['doGenerate']>[0]
type Message = Options['prompt'][number]
type Result = Awaited<ReturnType<Model['doGenerate']>>

/** Makes a model for tests: the scripted planner decides what to call, and results become sentences. */
export function scriptedModel(planner: Planner, portfolio: string | undefined): Model {
  return modelOf((prompt) => {
    const plan = planner(promptIn(prompt), { portfolio })
    return plan.kind === 'say' ? plan.text : { id: crypto.randomUUID(), tool: plan.tool, input: plan.input }
  })
}

/** Makes a model that repeats one call, with its id. */
export const repeatingModel = (call: ToolCall): Model => modelOf(() => call)

function modelOf(first: (prompt: readonly Message[]) => string | ToolCall): Model {
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId: 'planner',
    supportedUrls: {},
    async doGenerate({ prompt }): Promise<Result> {
      const answer = answersIn(prompt.at(-1))?.join(' ') ?? first(prompt)
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
