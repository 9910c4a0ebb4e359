import { toOpenAiTools } from '@behalf/openai-agents'
import { Agent, type Model, Runner, Usage } from '@openai/agents'
import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

const agent = new Agent({
  name: 'trader',
  instructions: 'You trade shares.',
  model: scriptedModel(), // A real one, by its name: 'gpt-5-mini'
  tools: toOpenAiTools(guard, [buy], { identity: await signIn(), threadId: crypto.randomUUID() }),
})

const { newItems } = await new Runner({ tracingDisabled: true }).run(agent, 'Buy 50 shares of AAPL.')
for (const { rawItem } of newItems) console.log(JSON.stringify(rawItem))

/** Stands in for a model, so that no key is needed: it calls `buy`, and ends. */
function scriptedModel(): Model {
  let isFirst = true
  return {
    async getResponse() {
      const usage = new Usage()
      const said = { type: 'output_text', text: 'Done.' } as const
      if (!isFirst)
        return { usage, output: [{ type: 'message', role: 'assistant', status: 'completed', content: [said] }] }
      isFirst = false
      const input = JSON.stringify({ symbol: 'AAPL', quantity: 50 })
      return { usage, output: [{ type: 'function_call', callId: 'call-1', name: 'buy', arguments: input }] }
    },
    getStreamedResponse() {
      throw new Error('The scripted model does not stream.')
    },
  }
}
