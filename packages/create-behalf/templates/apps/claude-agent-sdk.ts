import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Options } from '@anthropic-ai/claude-agent-sdk'
import { queryWith, toClaudeTools } from '@behalf/claude-agent-sdk'
import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

const guarded = toClaudeTools(guard, [buy], { identity: await signIn() })
// A real model: leave `env` out, and set ANTHROPIC_API_KEY.
const env = { ...process.env, ANTHROPIC_BASE_URL: await scriptedModel(), ANTHROPIC_API_KEY: 'scripted' }
const options: Options = { tools: [], settingSources: [], env }
for await (const message of queryWith(guarded, { prompt: 'Buy 50 shares of AAPL.', options })) {
  if (message.type === 'assistant' || message.type === 'user') console.log(JSON.stringify(message.message.content))
}

/** Stands in for Anthropic's API, so that no key is needed: it calls `buy`, and ends. */
async function scriptedModel(): Promise<string> {
  const input = JSON.stringify({ symbol: 'AAPL', quantity: 50 })
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const calls = !body.includes('"tool_result"')
    const block = calls
      ? { type: 'tool_use', id: 'call-1', name: 'mcp__behalf__buy', input: {} }
      : { type: 'text', text: '' }
    const delta = calls ? { type: 'input_json_delta', partial_json: input } : { type: 'text_delta', text: 'Done.' }
    const usage = { input_tokens: 1, output_tokens: 1 }
    const ended = { stop_reason: calls ? 'tool_use' : 'end_turn', stop_sequence: null }
    const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'scripted', content: [], usage }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of [
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: block },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: ended, usage },
      { type: 'message_stop' },
    ]) {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
