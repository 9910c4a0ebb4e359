import { answersIn, type Plan, type Planner, promptIn } from '@behalf/example-stock-agent'
import { type LanguageModel, simulateReadableStream } from 'ai'

export type Model = Extract<LanguageModel, { readonly specificationVersion: 'v4' }>
type Options = Parameters<Model['doStream']>[0]
type Message = Options['prompt'][number]
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer One> ? One : never

const usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
}

/** Makes a model for tests: the planner decides what to call, results become sentences, and both are streamed. */
export function scriptedModel(planner: Planner, portfolio: string | undefined): Model {
  return {
    specificationVersion: 'v4',
    provider: 'scripted',
    modelId: 'planner',
    supportedUrls: {},
    doGenerate: () => Promise.reject(new TypeError('the scripted model only streams')),
    doStream: async ({ prompt }) => {
      const { parts, reason } = replyTo(prompt, planner, portfolio)
      const chunks: Part[] = [
        { type: 'stream-start', warnings: [] },
        ...parts,
        { type: 'finish', finishReason: { unified: reason, raw: undefined }, usage },
      ]
      return { stream: simulateReadableStream({ chunks, initialDelayInMs: 50, chunkDelayInMs: 25 }) }
    },
  }
}

function replyTo(
  prompt: readonly Message[],
  planner: Planner,
  portfolio: string | undefined,
): { readonly parts: readonly Part[]; readonly reason: 'stop' | 'tool-calls' } {
  const plan = planner(promptIn(prompt), { portfolio })
  const called = toolsSince(prompt)
  const isLoginFirst = called.every((tool) => tool === 'whoami')
  const answers = answersIn(prompt.at(-1)) ?? []
  // After the login, continues the user's request.
  if (answers.length > 0 && !(isLoginFirst && isOwn(plan) && portfolio !== undefined)) {
    return { parts: spoken(answers.join(' ')), reason: 'stop' }
  }
  if (plan.kind === 'say') return { parts: spoken(plan.text), reason: 'stop' }
  // The user's portfolio is not known yet: a question about the user lets them log in.
  return calling(isOwn(plan) && portfolio === undefined ? { kind: 'call', tool: 'whoami', input: {} } : plan)
}

const isOwn = (plan: Plan): boolean => plan.kind === 'call' && 'portfolio' in plan.input

function calling({ tool, input }: Extract<Plan, { readonly kind: 'call' }>) {
  const id = crypto.randomUUID()
  const call: Part = { type: 'tool-call', toolCallId: id, toolName: tool, input: JSON.stringify(input) }
  return { parts: [call], reason: 'tool-calls' } as const
}

/** Returns the tools that were called for the user's last message. */
function toolsSince(prompt: readonly Message[]): readonly string[] {
  return prompt
    .slice(prompt.findLastIndex(({ role }) => role === 'user'))
    .flatMap((message) => (message.role === 'tool' ? message.content : []))
    .flatMap((part) => (part.type === 'tool-result' ? [part.toolName] : []))
}

/** Streams text word by word, as a model does. */
function spoken(text: string): Part[] {
  const id = crypto.randomUUID()
  const words = text.match(/\S+\s*/g) ?? []
  return [
    { type: 'text-start', id },
    ...words.map((delta): Part => ({ type: 'text-delta', id, delta })),
    { type: 'text-end', id },
  ]
}
