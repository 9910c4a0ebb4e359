import { currentIdentity, runAs } from '@behalf/core'
import { toMastraTools } from '@behalf/mastra'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

const agent = new Agent({
  id: 'trader',
  name: 'trader',
  instructions: 'You trade shares.',
  model: scriptedModel(), // A real one, by its name: 'openai/gpt-5-mini'
  tools: toMastraTools(guard, [buy], { identity: currentIdentity }),
})

// Each request runs as its user.
const { text, toolResults } = await runAs(await signIn(), () => agent.generate('Buy 50 shares of AAPL.'))
console.log(
  text,
  toolResults.map(({ payload }) => payload.result),
)

/** Stands in for a model, so that no key is needed: it calls `buy`, and ends. */
function scriptedModel(): MastraModelConfig {
  const rest = { usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 }, warnings: [] }
  const input = JSON.stringify({ symbol: 'AAPL', quantity: 50 })
  let isFirst = true
  return {
    specificationVersion: 'v2',
    provider: 'scripted',
    modelId: 'scripted',
    supportedUrls: {},
    async doGenerate() {
      if (!isFirst) return { content: [{ type: 'text', text: 'Done.' }], finishReason: 'stop', ...rest }
      isFirst = false
      const call = { type: 'tool-call', toolCallId: 'call-1', toolName: 'buy', input } as const
      return { content: [call], finishReason: 'tool-calls', ...rest }
    },
    doStream: () => Promise.reject(new Error('The scripted model does not stream.')),
  }
}
