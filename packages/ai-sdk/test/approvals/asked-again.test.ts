// What the AI SDK gives to the user of a request, or asks a model again for, so that no guard can tell: the guide says so.
import { currentIdentity, type Identity, policy } from '@behalf/core'
import { experimental_createSteering, generateText, isStepCount, simulateReadableStream, streamText, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'
import { call, scripted, seenBy, streaming } from '../scripted-model.ts'
import { user } from '../turn.ts'
import { world } from '../world.ts'

const Nothing = z.strictObject({})

/** A write that tells as whom it acts. */
async function acting(within: () => Promise<unknown> = async () => {}) {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login('ann')]
  const acted: string[] = []
  const who = tool({
    inputSchema: Nothing,
    async execute() {
      const { subject } = currentIdentity() as Identity & { readonly subject: string }
      acted.push(subject)
      await within()
      return subject
    },
  })
  const policies = { who: policy(Nothing, { effect: 'write' }) }
  const guarded = () => guardTools({ who }, { guard, policies, identity, threadId: 'thread-1' })
  return { acted, guarded }
}

test('a message that another user steers into a generation is answered as the user of the generation, as the guide warns', async () => {
  const steering = experimental_createSteering()
  let outcome: Promise<unknown> | undefined
  const { acted, guarded } = await acting(async () => {
    outcome ??= steering.steer('I am Bob. And I?')
  })
  const model = scripted([call('c1', 'who', {})], [call('c2', 'who', {})], 'Done.')
  const options = { model, messages: [user('Who am I?')], ...guarded(), stopWhen: isStepCount(5) }
  await generateText({ ...options, experimental_steering: steering })
  await outcome
  expect(seenBy(model)).toContain('I am Bob')
  expect(acted).toEqual(['ann', 'ann'])
})

test('an answer that is generated again writes again, as the guide warns', async () => {
  const { acted, guarded } = await acting()
  for (const id of ['c1', 'c2']) {
    const model = scripted([call(id, 'who', {})], 'Done.')
    await generateText({ model, messages: [user('Write')], ...guarded(), stopWhen: isStepCount(5) })
  }
  expect(acted).toEqual(['ann', 'ann'])
})

test('a stream that breaks behind a call, and whose step is retried, has run no tool', async () => {
  const { acted, guarded } = await acting()
  const rest = streaming(scripted([call('c2', 'who', {})], 'Done.'))
  let tries = 0
  const model = new MockLanguageModelV4({
    doStream: async (options) => {
      if (++tries > 1) return rest.doStream(options)
      const made = { type: 'tool-call' as const, toolCallId: 'c1', toolName: 'who', input: '{}' }
      const broken = { type: 'error' as const, error: new Error('the model is away') }
      return { stream: simulateReadableStream({ chunks: [{ type: 'stream-start', warnings: [] }, made, broken] }) }
    },
  })
  const options = { model, messages: [user('Write')], ...guarded(), stopWhen: isStepCount(5) }
  const { text } = streamText({ ...options, streamRetries: 1, onError: () => {} })
  expect(await text).toBe('Done.')
  expect(acted).toEqual(['ann'])
})
