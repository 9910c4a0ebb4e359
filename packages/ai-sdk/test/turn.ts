import type { Guard, Identity } from '@behalf/core'
import { generateText, isStepCount, type ModelMessage } from 'ai'
import type { MockLanguageModelV4 } from 'ai/test'
import { guardTools } from '../src/index.ts'
import { makeTools, policies } from './world.ts'

export interface TurnOptions {
  readonly guard: Guard
  readonly identity?: Identity
  readonly threadId?: string
  readonly model: MockLanguageModelV4
  readonly messages: readonly ModelMessage[]
  readonly onError?: (error: unknown, tool: string) => void
}

export const user = (content: string): ModelMessage => ({ role: 'user', content })

/** One request of an app: fresh tools, one generation, the messages to save. */
export async function turn({ model, messages, threadId = 'thread-1', identity, ...rest }: TurnOptions) {
  const result = await generateText({
    model,
    messages: [...messages],
    ...guardTools(makeTools(), { policies, identity, threadId, ...rest }),
    stopWhen: isStepCount(5),
  })
  // Through JSON, as every app that stores its conversations has it.
  const saved = JSON.parse(JSON.stringify([...messages, ...result.responseMessages])) as ModelMessage[]
  return { result, saved }
}
