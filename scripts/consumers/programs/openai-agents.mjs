// The model calls a tool, a person is asked, and the saved run continues with the tool's result.
import assert from 'node:assert/strict'
import { openAi, openWorld } from './world.mjs'

process.env.OPENAI_AGENTS_DISABLE_TRACING = '1'
const requests = []
const world = openWorld({ api: 'https://agent.example.com', handlers: openAi(requests) })
const { ask, goOn } = await import('./program.js')

const [guard, identity] = [world.guard(), await world.identity()]
const first = await ask(guard, identity, 'Buy 50 AAPL')
assert.equal(first.waiting.length, 1)
await world.approve('Buy 50 shares of AAPL')
assert.equal((await goOn(guard, identity, first.save)).waiting.length, 0)
assert.match(JSON.stringify(requests.at(-1).input), /bought 50/)
console.log('holds')
