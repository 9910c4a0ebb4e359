// The model calls a tool, a person is asked, and the suspended run continues with the tool's result.
import assert from 'node:assert/strict'
import { runAs } from '@behalf/core'
import { Mastra } from '@mastra/core/mastra'
import { InMemoryStore } from '@mastra/core/storage'
import { openAi, openWorld } from './world.mjs'

const requests = []
const world = openWorld({ api: 'https://agent.example.com', handlers: openAi(requests) })
// The program says `declare const guard`.
globalThis.guard = world.guard()
const { agent, goOn } = await import('./program.js')
new Mastra({ agents: { trader: agent }, storage: new InMemoryStore(), logger: false })

const identity = await world.identity()
const memory = { thread: 'thread-1', resource: 'ann' }
await runAs(identity, async () => (await agent.stream('Buy 50 AAPL', { memory })).text)
assert.equal((await goOn(identity, 'thread-1')).length, 1)
await world.approve('Buy 50 AAPL')
assert.equal((await goOn(identity, 'thread-1')).length, 0)
assert.match(JSON.stringify(requests.at(-1)), /bought/)
console.log('holds')
