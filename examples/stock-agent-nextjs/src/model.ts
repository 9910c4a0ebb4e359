import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { scriptedPlanner } from '@behalf/example-stock-agent'
import type { LanguageModel } from 'ai'
import { scriptedModel } from './scripted-model.ts'
import type { Settings } from './settings.ts'

/** The model that decides what to try. What may run is not its business. */
export function modelOf({ model }: Settings, portfolio: string | undefined): LanguageModel {
  if (model === undefined) return scriptedModel(scriptedPlanner, portfolio)
  const { baseUrl: baseURL, apiKey, name } = model
  return createOpenAICompatible({ name: 'model', baseURL, ...(apiKey !== undefined && { apiKey }) })(name)
}
