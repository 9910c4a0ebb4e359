import type { ModelStep, ScriptedCall } from '@behalf/testing/contract'
import { type Model, type ModelRequest, type ModelResponse, type StreamEvent, Usage } from '@openai/agents'

export type Step = ModelStep

export const call = (id: string, tool: string, input: unknown): ScriptedCall => ({ id, tool, input })

/** A model that does these steps, one a request, and says `Done.` after them. Remembers what it was sent. */
export class ScriptedModel implements Model {
  readonly #left: Step[]
  readonly #requests: { readonly input: unknown; readonly tools: readonly string[] }[] = []

  constructor(...steps: readonly Step[]) {
    this.#left = [...steps]
  }

  async getResponse(request: ModelRequest): Promise<ModelResponse> {
    return this.#next(request)
  }

  async *getStreamedResponse(request: ModelRequest): AsyncIterable<StreamEvent> {
    const { output } = this.#next(request)
    yield { type: 'response_started' }
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
    yield { type: 'response_done', response: { id: 'response', usage, output } } as StreamEvent
  }

  /** How often it was asked. */
  get requests(): number {
    return this.#requests.length
  }

  /** All that it was sent, as text: what it may have learnt. */
  get saw(): string {
    return JSON.stringify(this.#requests.map(({ input }) => input))
  }

  /** The tools that it was offered last. */
  get offered(): readonly string[] {
    return this.#requests.at(-1)?.tools ?? []
  }

  #next({ input, tools, handoffs }: ModelRequest): ModelResponse {
    const offered = [...tools.map(({ name }) => name), ...handoffs.map(({ toolName }) => toolName)]
    this.#requests.push({ input: structuredClone(input), tools: offered })
    const step = this.#left.shift() ?? 'Done.'
    const output: ModelResponse['output'] =
      typeof step === 'string'
        ? [{ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: step }] }]
        : step.map(({ id, tool, input: args }) => ({
            type: 'function_call',
            callId: id,
            ...namesOf(tool),
            // A text stands for arguments as a model writes them, which may be no JSON.
            arguments: typeof args === 'string' ? args : JSON.stringify(args),
            status: 'completed',
          }))
    return { usage: new Usage({ inputTokens: 1, outputTokens: 1, totalTokens: 2 }), output }
  }
}

/** The name of a tool, which may stand in a namespace: `desk.create_order`. */
function namesOf(tool: string) {
  const [name = '', namespace] = tool.split('.').toReversed()
  return { name, ...(namespace !== undefined && { namespace }) }
}
