// A thread in which several users write: Mastra starts the run of a queued message from the run that ends before it.
import { currentIdentity, type Identity, policy, runAs } from '@behalf/core'
import { createTool } from '@mastra/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { conversation } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})

/** Ann's run calls `who`; while it does, Bob's message is queued, and the model calls `who` for that. */
async function actors(of: 'a function' | 'each run') {
  const target = await world()
  const [ann, bob] = [await target.login('ann'), await target.login('bob')]
  const [began, sent, ended] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
  ]
  const seen: string[] = []
  const who = createTool({
    id: 'who',
    description: 'Who acts',
    inputSchema: Nothing,
    async execute() {
      const { subject } = currentIdentity() as Identity & { subject: string }
      seen.push(subject)
      began.resolve()
      await sent.promise
      if (seen.length === 2) ended.resolve()
      return subject
    },
  })
  const toolsOf = (identity: Identity | (() => Identity)) =>
    guardTools({ who }, { guard: target.guard(), policies: { who: policy(Nothing, {}) }, identity })
  const { agent: make, memory } = conversation()
  const model = new ScriptedModel([call('call-1', 'who', {})], 'Ann.', [call('call-2', 'who', {})], 'Bob.')
  const agent = make(of === 'a function' ? toolsOf(currentIdentity) : {}, model)
  const own = (identity: Identity) => (of === 'each run' ? { toolsets: { own: toolsOf(() => identity) } } : {})
  const { text } = await runAs(ann, () => agent.stream('Who am I?', { memory, ...own(ann) }))
  await began.promise
  runAs(bob, () =>
    agent.queueMessage('And I?', {
      resourceId: memory.resource,
      threadId: memory.thread,
      ifIdle: { streamOptions: own(bob) },
    }),
  )
  sent.resolve()
  await Promise.all([text, ended.promise])
  return seen
}

test('a queued message is answered as its sender where each run has tools of its own user', async () => {
  expect(await actors('each run')).toEqual(['ann', 'bob'])
})

test('with an identity function it is answered as the user who began the run before it, as the guide warns', async () => {
  expect(await actors('a function')).toEqual(['ann', 'ann'])
})
