import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { scriptedPlanner } from '@behalf/example-stock-agent'
import { type LanguageModel, wrapLanguageModel } from 'ai'
import { scriptedModel } from './scripted-model.ts'
import type { Settings } from './settings.ts'
import { uniqueCallIds } from './unique-call-ids.ts'

/** The model that decides what to try. What may run is not its business. */
export function modelOf({ model }: Settings, portfolio: string | undefined): LanguageModel {
  if (model === undefined) return scriptedModel(scriptedPlanner, portfolio)
  const { baseUrl: baseURL, apiKey, name } = model
  const provider = createOpenAICompatible({ name: 'model', baseURL, ...(apiKey !== undefined && { apiKey }) })
  return wrapLanguageModel({ model: provider(name), middleware: uniqueCallIds })
}
