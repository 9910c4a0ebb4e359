import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { scriptedPlanner } from '@behalf/example-stock-agent'
import { type LanguageModel, wrapLanguageModel } from 'ai'
import { boundedFetch } from './bounded-fetch.ts'
import { scriptedModel } from './scripted-model.ts'
import type { Settings } from './settings.ts'
import { uniqueCallIds } from './unique-call-ids.ts'

/** Maximum size of an answer, in bytes: about 16,000 tokens, each in its own event. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

/** Returns the model, which decides what to try. It does not decide what may run. */
export function modelOf({ model }: Settings, portfolio: string | undefined): LanguageModel {
  if (model === undefined) return scriptedModel(scriptedPlanner, portfolio)
  const { baseUrl: baseURL, apiKey, name } = model
  const fetch = boundedFetch(MAX_ANSWER_BYTES)
  const provider = createOpenAICompatible({ name: 'model', baseURL, fetch, ...(apiKey !== undefined && { apiKey }) })
  return wrapLanguageModel({ model: provider(name), middleware: uniqueCallIds })
}
