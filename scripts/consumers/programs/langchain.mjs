// The model calls a tool, a person is asked, and the thread continues with the tool's result.
import assert from 'node:assert/strict'
import { openAi, openWorld } from './world.mjs'

const requests = []
const world = openWorld({ api: 'https://agent.example.com', handlers: openAi(requests) })
// The program says `declare const guard`.
globalThis.guard = world.guard()
const { answer } = await import('./program.js')

const identity = await world.identity()
assert.equal((await answer(identity, 'thread-1', 'Buy 50 AAPL')).length, 1)
assert.equal(requests.length, 1)
await world.approve('Buy 50 AAPL')
assert.equal((await answer(identity, 'thread-1')).length, 0)
assert.match(JSON.stringify(requests[1].input), /bought 50/)
console.log('holds')
