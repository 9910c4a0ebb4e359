import type { ModelStep, ScriptedCall } from '@behalf/testing/contract'
import { MastraLanguageModelV2Mock } from '@mastra/core/test-utils/llm-mock'

export type Step = ModelStep

export const call = (id: string, tool: string, input: unknown): ScriptedCall => ({ id, tool, input })

const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 }

/** A model that does these steps, one a request, and says `Done.` after them. Remembers what it was sent. */
export class ScriptedModel extends MastraLanguageModelV2Mock {
  readonly #requests: {
    readonly prompt: unknown
    readonly tools?: readonly { readonly name: string }[] | undefined
  }[] = []

  constructor(...steps: readonly Step[]) {
    const left = [...steps]
    const next = (request: {
      readonly prompt: unknown
      readonly tools?: readonly { readonly name: string }[] | undefined
    }) => {
      this.#requests.push(request)
      return left.shift() ?? 'Done.'
    }
    super({
      doGenerate: async (request) => {
        const step = next(request)
        return {
          content:
            typeof step === 'string'
              ? [{ type: 'text' as const, text: step }]
              : step.map(({ id, tool, input }) => ({
                  type: 'tool-call' as const,
                  toolCallId: id,
                  toolName: tool,
                  input: JSON.stringify(input),
                })),
          finishReason: reasonOf(step),
          usage,
          warnings: [],
        }
      },
      doStream: async (request) => {
        const step = next(request)
        return { stream: streamOf(step) }
      },
    })
  }

  /** How often it was asked. */
  get requests(): number {
    return this.#requests.length
  }

  /** All that it was sent, as text: what it may have learnt. */
  get saw(): string {
    return JSON.stringify(this.#requests.map(({ prompt }) => prompt))
  }

  /** The tools that it was offered last. */
  get offered(): readonly string[] {
    return this.#requests.at(-1)?.tools?.map(({ name }) => name) ?? []
  }
}

const reasonOf = (step: Step) => (typeof step === 'string' ? 'stop' : 'tool-calls')

type Chunk =
  Awaited<ReturnType<MastraLanguageModelV2Mock['doStream']>>['stream'] extends ReadableStream<infer One> ? One : never

function streamOf(step: Step): ReadableStream<Chunk> {
  const parts: Chunk[] =
    typeof step === 'string'
      ? [
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: step },
          { type: 'text-end', id: '1' },
        ]
      : step.map(({ id, tool, input }) => ({
          type: 'tool-call',
          toolCallId: id,
          toolName: tool,
          input: JSON.stringify(input),
        }))
  const chunks: Chunk[] = [
    { type: 'stream-start', warnings: [] },
    ...parts,
    { type: 'finish', finishReason: reasonOf(step), usage },
  ]
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}
