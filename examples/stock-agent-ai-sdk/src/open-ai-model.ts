import type { Model } from './scripted-model.ts'

type Options = Parameters<Model['doGenerate']>[0]
type Result = Awaited<ReturnType<Model['doGenerate']>>

const json = { 'content-type': 'application/json' }

interface Completion {
  readonly choices: readonly {
    readonly finish_reason?: string
    readonly message: {
      readonly content?: string | null
      readonly tool_calls?: readonly {
        readonly id: string
        readonly function: { readonly name: string; readonly arguments: string }
      }[]
    }
  }[]
}

/**
 * Makes a model over an OpenAI-compatible API, including a local one.
 *
 * Small, and without streaming: an app uses `@ai-sdk/openai` or `@ai-sdk/openai-compatible`.
 */
export function openAiModel({
  apiKey,
  baseUrl = 'https://api.openai.com/v1',
  modelId = 'gpt-4o-mini',
}: {
  readonly apiKey: string
  readonly baseUrl?: string | undefined
  readonly modelId?: string | undefined
}): Model {
  return {
    specificationVersion: 'v4',
    provider: 'openai-compatible',
    modelId,
    supportedUrls: {},
    async doGenerate(options): Promise<Result> {
      const response = await fetch(`${baseUrl.replace(/\/$/, '')}/chat/completions`, {
        method: 'POST',
        // The demo's servers are mocked in this process, and refuse unknown requests; this header marks a real server.
        headers: { ...json, authorization: `Bearer ${apiKey}`, accept: 'msw/passthrough' },
        body: JSON.stringify({ model: modelId, messages: messagesOf(options), tools: toolsOf(options) }),
        ...(options.abortSignal !== undefined && { signal: options.abortSignal }),
      })
      if (!response.ok) throw new TypeError(`the model's API answered ${response.status}`)
      const { choices } = (await response.json()) as Completion
      const { content, tool_calls: calls = [] } = choices[0]?.message ?? {}
      return {
        content: [
          ...(content ? [{ type: 'text' as const, text: content }] : []),
          ...calls.map(({ id, function: { name, arguments: input } }) => ({
            type: 'tool-call' as const,
            toolCallId: id,
            toolName: name,
            input,
          })),
        ],
        finishReason: { unified: calls.length > 0 ? 'tool-calls' : 'stop', raw: choices[0]?.finish_reason },
        usage: {
          inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
          outputTokens: { total: undefined, text: undefined, reasoning: undefined },
        },
        warnings: [],
      }
    },
    doStream: () => Promise.reject(new TypeError('this demo does not stream')),
  }
}

const toolsOf = ({ tools = [] }: Options) =>
  tools.flatMap((tool) =>
    tool.type === 'function'
      ? [
          {
            type: 'function',
            function: { name: tool.name, description: tool.description, parameters: tool.inputSchema },
          },
        ]
      : [],
  )

function messagesOf({ prompt }: Options): object[] {
  return prompt.flatMap((message): object[] => {
    switch (message.role) {
      case 'system':
        return [{ role: 'system', content: message.content }]
      case 'user':
        return [
          { role: 'user', content: message.content.map((part) => (part.type === 'text' ? part.text : '')).join('') },
        ]
      case 'assistant': {
        const calls = message.content.flatMap((part) =>
          part.type === 'tool-call'
            ? [
                {
                  id: part.toolCallId,
                  type: 'function',
                  function: { name: part.toolName, arguments: JSON.stringify(part.input) },
                },
              ]
            : [],
        )
        const text = message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
        return [{ role: 'assistant', content: text, ...(calls.length > 0 && { tool_calls: calls }) }]
      }
      case 'tool':
        return message.content.flatMap((part) =>
          part.type === 'tool-result'
            ? [{ role: 'tool', tool_call_id: part.toolCallId, content: JSON.stringify(part.output) }]
            : [],
        )
      default:
        return message satisfies never
    }
  })
}
