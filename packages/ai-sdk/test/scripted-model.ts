import { MockLanguageModelV4 } from 'ai/test'

/** A step of a scripted model: what it says, or the tools it calls. */
export type Step = string | readonly ScriptedCall[]

export interface ScriptedCall {
  readonly id: string
  readonly tool: string
  readonly input: unknown
}

export const call = (id: string, tool: string, input: unknown): ScriptedCall => ({ id, tool, input })

export const buy = (quantity: number, over: Record<string, unknown> = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})

/** A model that does these steps, one a request, and none after them. */
export function scripted(...steps: readonly Step[]): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    doGenerate: steps.map((step) => ({
      content:
        typeof step === 'string'
          ? [{ type: 'text' as const, text: step }]
          : step.map(({ id, tool, input }) => ({
              type: 'tool-call' as const,
              toolCallId: id,
              toolName: tool,
              input: JSON.stringify(input),
            })),
      finishReason: { unified: typeof step === 'string' ? ('stop' as const) : ('tool-calls' as const), raw: undefined },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
      warnings: [],
    })),
  })
}

/** All that the model was sent, as text: what it may have learnt. */
export const seenBy = (model: MockLanguageModelV4): string => JSON.stringify(model.doGenerateCalls.map(({ prompt }) => prompt))
