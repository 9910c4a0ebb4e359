import type { Identity } from '@behalf/core'
import { toLangChainTools } from '@behalf/langchain'
import { AIMessage } from '@langchain/core/messages'
import { fakeModel } from '@langchain/core/testing'
import { MemorySaver } from '@langchain/langgraph'
import { createAgent } from 'langchain'
import * as z from 'zod'
import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

// Stands in for a model, so that no key is needed. A real one, by its name: 'openai:gpt-5-mini'
const model = fakeModel()
  .respondWithTools([{ name: 'buy', args: { symbol: 'AAPL', quantity: 50 }, id: 'call-1' }])
  .respond(new AIMessage('Done.'))

const agent = createAgent({
  model,
  tools: toLangChainTools(guard, [buy]),
  contextSchema: z.object({ identity: z.custom<Identity>() }),
  checkpointer: new MemorySaver(),
})

// Each run brings the identity of its user.
const { messages } = await agent.invoke(
  { messages: [{ role: 'user', content: 'Buy 50 shares of AAPL.' }] },
  { configurable: { thread_id: crypto.randomUUID() }, context: { identity: await signIn() } },
)
for (const message of messages) console.log(`${message.type}: ${message.text}`)
