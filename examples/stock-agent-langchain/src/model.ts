import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { PlannerModel, type PlannerModelOptions } from './planner-model.ts'

/** The function before this module's mocks: the mocked world answers or refuses every later request. */
const realFetch = globalThis.fetch

/** Model, chosen by the environment: the variables that SDKs of OpenAI-compatible servers read. */
export interface ModelChoice {
  /** Name for the screen. */
  readonly name: string
  /** Returns the system prompt, which comes before the user's first message. */
  systemPrompt(portfolio: string | undefined): string | undefined
  make(options: PlannerModelOptions): Promise<BaseChatModel>
}

type Environment = Readonly<Partial<Record<'OPENAI_API_KEY' | 'OPENAI_BASE_URL' | 'OPENAI_MODEL', string>>>

/** Returns a real model if `OPENAI_API_KEY` is set, at `OPENAI_BASE_URL` if that is set; else the scripted planner. */
export function chooseModel(environment: Environment): ModelChoice {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: model = 'gpt-5-mini' } = environment
  if (!apiKey) {
    return {
      name: 'a scripted planner (set OPENAI_API_KEY for a real model, OPENAI_BASE_URL for a local one)',
      systemPrompt: () => undefined,
      make: async (options) => new PlannerModel(options),
    }
  }
  return {
    name: `${model} at ${baseURL ?? 'api.openai.com'}`,
    systemPrompt: (portfolio) =>
      `You are a stock agent. Use the tools; call one tool at a time. Symbols are upper case. ${
        portfolio === undefined ? 'No user is signed in.' : `The user's own portfolio is ${portfolio}.`
      } Another person's portfolio is p- and their first name. When a tool says that something was not done, tell the user so and do not try again.`,
    async make(options) {
      // The framework, and no model, repeats a call.
      if (options.begin !== undefined) return new PlannerModel(options)
      const { ChatOpenAI } = await import('@langchain/openai')
      return new ChatOpenAI({ apiKey, model, configuration: { fetch: realFetch, ...(baseURL && { baseURL }) } })
    },
  }
}
