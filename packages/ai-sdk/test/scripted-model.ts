import type { ModelStep, ScriptedCall } from '@behalf/testing/contract'
import { simulateReadableStream } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

type StreamPart =
  Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never

export type Step = ModelStep

export const call = (id: string, tool: string, input: unknown): ScriptedCall => ({ id, tool, input })

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

/** A model that does these steps, one a request, and none after them. */
export const scripted = (...steps: readonly Step[]): MockLanguageModelV4 =>
  new MockLanguageModelV4({ doGenerate: steps.map(generated) })

/** A model that does these steps, asked in either way, and says `Done.` after them. */
export function answering(steps: readonly Step[]): MockLanguageModelV4 {
  const left = [...steps]
  const next = () => generated(left.shift() ?? 'Done.')
  return new MockLanguageModelV4({ doGenerate: async () => next(), doStream: async () => streamOf(next()) })
}

function generated(step: Step) {
  const isText = typeof step === 'string'
  return {
    content: isText
      ? [{ type: 'text' as const, text: step }]
      : step.map(({ id, tool, input }) => ({
          type: 'tool-call' as const,
          toolCallId: id,
          toolName: tool,
          input: JSON.stringify(input),
        })),
    finishReason: { unified: isText ? ('stop' as const) : ('tool-calls' as const), raw: undefined },
    usage,
    warnings: [],
  }
}

/** All that the model was sent, as text: what it may have learnt. */
export const seenBy = (model: MockLanguageModelV4): string =>
  JSON.stringify(model.doGenerateCalls.map(({ prompt }) => prompt))

/** The same model, answering in a stream. */
export const streaming = (model: MockLanguageModelV4): MockLanguageModelV4 =>
  new MockLanguageModelV4({ doStream: async (options) => streamOf(await model.doGenerate(options)) })

function streamOf({
  content,
  finishReason,
}: Pick<Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>, 'content' | 'finishReason'>) {
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
}
