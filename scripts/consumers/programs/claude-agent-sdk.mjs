// The model calls a tool, a person is asked, and the session of the CLI continues with the tool's result.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { openWorld } from './world.mjs'

const requests = []
const order = { type: 'input_json_delta', partial_json: '{"symbol":"AAPL","quantity":50}' }
const call = [{ type: 'tool_use', id: 'toolu_1', name: 'mcp__behalf__buy', input: {} }, order, 'tool_use']
const done = [{ type: 'text', text: '' }, { type: 'text_delta', text: 'Done.' }, 'end_turn']
const server = createServer(async (request, response) => {
  const [content_block, delta, stop_reason] = requests.push(await request.toArray()) === 1 ? call : done
  const send = (type, data) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
  response.setHeader('content-type', 'text/event-stream')
  send('message_start', { message: { id: 'm', type: 'message', role: 'assistant', content: [], usage: {} } })
  send('content_block_start', { index: 0, content_block })
  send('content_block_delta', { index: 0, delta })
  send('content_block_stop', { index: 0 })
  send('message_delta', { delta: { stop_reason }, usage: {} })
  response.end('event: message_stop\ndata: {"type":"message_stop"}\n\n')
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve).unref())
Object.assign(process.env, { ANTHROPIC_BASE_URL: `http://127.0.0.1:${server.address().port}`, ANTHROPIC_API_KEY: 'x' })
Object.assign(process.env, { CLAUDE_CONFIG_DIR: '.claude', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' })
const world = openWorld({ api: 'https://agent.example.com' })
const { ask, goOn } = await import('./program.js')
const [guard, identity] = [world.guard(), await world.identity()]
const { pending } = await ask(guard, identity, 'Buy 50 AAPL')
await world.approve('Buy 50 shares of AAPL')
assert.equal((await goOn(guard, identity, pending)).pending.length, 0)
assert.match(String(requests.at(-1)), /bought 50/)
console.log('holds')
