









import { type Guard, type Identity, policy, publicTool } from '@behalf/core'
import { guardTools, interruptsOf, resumeWhenResolved } from '@behalf/ai-sdk'
import { generateText, isStepCount, type LanguageModel, type ModelMessage, tool } from 'ai'
import * as z from 'zod'

const Price = z.strictObject({ symbol: z.string() })
const Order = z.strictObject({ symbol: z.string(), quantity: z.int().positive() })
const tools = {
  price: tool({ inputSchema: Price, execute: async ({ symbol }) => `${symbol}: 214.29 USD` }),
  buy: tool({ inputSchema: Order, execute: async ({ quantity }) => `bought ${quantity}` }),
}
const policies = {
  price: publicTool(Price),
  buy: policy(Order, { approval: { message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}` } }),
}

export async function answer(guard: Guard, identity: Identity, model: LanguageModel, saved: ModelMessage[]) {
  const resumed = await resumeWhenResolved(saved, { guard, identity })
  if (resumed === undefined && interruptsOf(saved).length > 0) return { save: saved, waiting: interruptsOf(saved) }
  const messages = resumed ?? saved
  const guarded = guardTools(tools, { guard, policies, identity, threadId: 'thread-1' })
  const result = await generateText({ model, messages, ...guarded, stopWhen: isStepCount(5) })
  return { save: [...messages, ...result.responseMessages], waiting: interruptsOf(result) }
}






























