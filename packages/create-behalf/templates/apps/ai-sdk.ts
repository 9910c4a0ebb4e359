import { toAiTools } from '@behalf/ai-sdk'
import { generateText, isStepCount } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

const identity = await signIn()

// Make the tools for each request, with the identity of its user.
const guarded = toAiTools(guard, [buy], { identity, threadId: crypto.randomUUID() })

const { text, toolResults } = await generateText({
  model: scriptedModel(), // A real one, by its name: 'openai/gpt-5-mini'
  prompt: 'Buy 50 shares of AAPL.',
  ...guarded,
  stopWhen: isStepCount(5),
})
console.log(text, toolResults)

/** Stands in for a model, so that no key is needed: it calls `buy`, and ends. */
function scriptedModel() {
  const usage = {
    inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 0, text: 0, reasoning: 0 },
  }
  const input = JSON.stringify({ symbol: 'AAPL', quantity: 50 })
  return new MockLanguageModelV4({
    doGenerate: [
      {
        content: [{ type: 'tool-call', toolCallId: 'call-1', toolName: 'buy', input }],
        finishReason: { unified: 'tool-calls', raw: undefined },
        usage,
        warnings: [],
      },
      {
        content: [{ type: 'text', text: 'Done.' }],
        finishReason: { unified: 'stop', raw: undefined },
        usage,
        warnings: [],
      },
    ],
  })
}
