import { answersIn, type Planner, promptIn } from '@behalf/example-stock-agent'
import type { MastraModelConfig } from '@mastra/core/llm'

type Model = Extract<MastraModelConfig, { readonly specificationVersion: 'v2'; readonly doStream: unknown }>
type Message = Parameters<Model['doStream']>[0]['prompt'][number]
type Chunk = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer One> ? One : never

const usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }

/** Makes a model for tests: the scripted planner decides what to call, and results become sentences. */
export function scriptedModel(planner: Planner, portfolio: string | undefined): Model {
  const stream = (prompt: readonly Message[]) => {
    const said = answersIn(prompt.at(-1))?.join(' ')
    if (said !== undefined) return streamOf(saying(said), 'stop')
    const plan = planner(promptIn(prompt), { portfolio })
    return plan.kind === 'say'
      ? streamOf(saying(plan.text), 'stop')
      : streamOf([calling(plan.tool, plan.input)], 'tool-calls')
  }
  const doStream: Model['doStream'] = async ({ prompt }) => ({ stream: stream(prompt) })
  return {
    specificationVersion: 'v2',
    provider: 'scripted',
    modelId: 'planner',
    supportedUrls: {},
    doStream,
    // Mastra asks for a stream in both cases.
    doGenerate: doStream,
  }
}

const saying = (text: string): Chunk[] => [
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: text },
  { type: 'text-end', id: '1' },
]

const calling = (toolName: string, input: unknown): Chunk => ({
  type: 'tool-call',
  toolCallId: crypto.randomUUID(),
  toolName,
  input: JSON.stringify(input),
})

function streamOf(parts: readonly Chunk[], finishReason: 'stop' | 'tool-calls'): ReadableStream<Chunk> {
  const chunks: Chunk[] = [{ type: 'stream-start', warnings: [] }, ...parts, { type: 'finish', finishReason, usage }]
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
}
