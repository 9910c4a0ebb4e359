// The model calls a tool, a person is asked, and the thread continues with the tool's result.
import assert from 'node:assert/strict'
import { MockLanguageModelV4 } from 'ai/test'
import { answer } from './program.js'
import { openWorld } from './world.mjs'

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } }
const step = (content, unified) => ({ content: [content], finishReason: { unified }, usage, warnings: [] })
const call = { type: 'tool-call', toolCallId: 'c-1', toolName: 'buy', input: '{"symbol":"AAPL","quantity":50}' }
const model = new MockLanguageModelV4({
  doGenerate: [step(call, 'tool-calls'), step({ type: 'text', text: 'Done.' }, 'stop')],
})

const world = openWorld({ api: 'https://agent.example.com' })
const guard = world.guard()
const identity = await world.identity()
const first = await answer(guard, identity, model, [{ role: 'user', content: 'Buy 50 AAPL' }])
assert.equal(first.waiting.length, 1)
await world.approve('Buy 50 shares of AAPL')
const second = await answer(guard, identity, model, JSON.parse(JSON.stringify(first.save)))
assert.equal(second.waiting.length, 0)
assert.match(JSON.stringify(second.save), /bought 50/)
console.log('holds')
