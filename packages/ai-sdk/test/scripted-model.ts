import { simulateReadableStream } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

type StreamPart =
  Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never

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
export const seenBy = (model: MockLanguageModelV4): string =>
  JSON.stringify(model.doGenerateCalls.map(({ prompt }) => prompt))

/** The same model, answering in a stream. */
export function streaming(model: MockLanguageModelV4): MockLanguageModelV4 {
  return new MockLanguageModelV4({
    async doStream(options) {
      const { content, finishReason, usage } = await model.doGenerate(options)
      const parts = content.flatMap((part): StreamPart[] => {
        if (part.type === 'tool-call') return [part]
        if (part.type !== 'text') throw new TypeError(`a scripted model has no ${part.type}`)
        return [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: part.text },
          { type: 'text-end', id: '1' },
        ]
      })
      const chunks: StreamPart[] = [
        { type: 'stream-start', warnings: [] },
        ...parts,
        { type: 'finish', finishReason, usage },
      ]
      return { stream: simulateReadableStream({ chunks }) }
    },
  })
}
