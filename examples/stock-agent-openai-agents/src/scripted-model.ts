import { answersIn, type Planner, promptIn } from '@behalf/example-stock-agent'
import type { ToolCall } from '@behalf/example-stock-agent/demo'
import { type AgentInputItem, type Model, type ModelRequest, type ModelResponse, Usage } from '@openai/agents'

type PromptMessage = Parameters<typeof promptIn>[0][number]

/** Makes a model for tests: the scripted planner decides what to call, and results become sentences. */
export const scriptedModel = (planner: Planner, portfolio: string | undefined): Model =>
  modelOf((messages) => {
    const plan = planner(promptIn(messages), { portfolio })
    return plan.kind === 'say' ? saying(plan.text) : calling(crypto.randomUUID(), plan.tool, plan.input)
  })

/** Makes a model that repeats a call, with its id. */
export const repeatingModel = ({ id, tool, input }: ToolCall): Model => modelOf(() => calling(id, tool, input))

function modelOf(first: (messages: readonly PromptMessage[]) => ModelResponse['output']): Model {
  const step = ({ input }: ModelRequest) => {
    const messages = messagesOf(input)
    const said = answersIn(messages.at(-1))?.join(' ')
    return said === undefined ? first(messages) : saying(said)
  }
  return {
    getResponse: async (request) => ({ usage: new Usage(), output: step(request) }),
    getStreamedResponse() {
      throw new TypeError('this demo does not stream')
    },
  }
}

const saying = (text: string): ModelResponse['output'] => [
  { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] },
]

const calling = (callId: string, name: string, input: unknown): ModelResponse['output'] => [
  { type: 'function_call', callId, name, arguments: JSON.stringify(input), status: 'completed' },
]

const messagesOf = (input: string | readonly AgentInputItem[]): readonly PromptMessage[] =>
  typeof input === 'string' ? [{ role: 'user', content: input }] : input.flatMap(messageOf)

function messageOf(item: AgentInputItem): readonly PromptMessage[] {
  if ('role' in item && item.role === 'user') return [{ role: 'user', content: textIn(item.content) }]
  if (item.type !== 'function_call_result') return []
  const { name: toolName, output } = item
  const text = typeof output === 'object' && 'text' in output ? output.text : String(output)
  return [{ role: 'tool', content: [{ type: 'tool-result', toolName, output: resultIn(text) }] }]
}

const textIn = (content: string | readonly { readonly type: string }[]): string =>
  typeof content === 'string' ? content : content.map((part) => ('text' in part ? String(part.text) : '')).join(' ')

/** Parses a result: results of the stock tools are JSON, and a refusal is a sentence. */
function resultIn(text: string) {
  try {
    return { type: 'json', value: JSON.parse(text) }
  } catch {
    return { type: 'error-text', value: text }
  }
}
