import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { PlannerModel, type PlannerModelOptions } from './planner-model.ts'

/** As it was when this module was loaded: the made-up world answers or refuses every later request. */
const realFetch = globalThis.fetch

/** Which model takes part, from the environment: what the SDKs of OpenAI-compatible servers read. */
export interface ModelChoice {
  /** For the screen. */
  readonly name: string
  /** What it is told before the user's first word. */
  systemPrompt(portfolio: string | undefined): string | undefined
  make(options: PlannerModelOptions): Promise<BaseChatModel>
}

type Environment = Readonly<Partial<Record<'OPENAI_API_KEY' | 'OPENAI_BASE_URL' | 'OPENAI_MODEL', string>>>

/** A real model where `OPENAI_API_KEY` is set, at `OPENAI_BASE_URL` if there is one; else the scripted planner. */
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
      // A call that comes back is the framework's doing, and no model's.
      if (options.begin !== undefined) return new PlannerModel(options)
      const { ChatOpenAI } = await import('@langchain/openai')
      return new ChatOpenAI({ apiKey, model, configuration: { fetch: realFetch, ...(baseURL && { baseURL }) } })
    },
  }
}
