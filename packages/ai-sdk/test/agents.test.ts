import { buy } from '@behalf/testing/contract'
import { type ModelMessage, ToolLoopAgent } from 'ai'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { answering, call } from './scripted-model.ts'
import { user } from './turn.ts'
import { makeTools, policies, world } from './world.ts'

test('a ToolLoopAgent, generating and streaming, pauses and goes on', async () => {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const agentWith = (model: ReturnType<typeof answering>) =>
    new ToolLoopAgent({ model, ...guardTools(makeTools(), { guard, policies, identity, threadId: 'thread-1' }) })
  const asked = await agentWith(answering([[call('call-1', 'create_order', buy(50))]])).generate({ prompt: 'Buy 50' })
  const saved = JSON.parse(JSON.stringify([user('Buy 50'), ...asked.responseMessages])) as ModelMessage[]
  expect(interruptsOf(asked)).toMatchObject([{ interrupt: { message: 'Buy 50 shares of AAPL' } }])
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  const { messages } = await resumeWhenResolved(saved, { guard, identity, threadId: 'thread-1' })
  const result = await agentWith(answering(['Bought.'])).stream({ messages })
  expect(await result.text).toBe('Bought.')
  expect(await target.orders()).toBe(1)
})

test('one agent for all requests gets its guarded tools by prepareCall', async () => {
  const target = await world()
  const guard = target.guard()
  const tools = makeTools()
  const model = answering([[call('call-1', 'whoami', {})], 'ok', [call('call-1', 'whoami', {})], 'ok'])
  const agent = new ToolLoopAgent<{ user: 'ann' | 'bob' }, typeof tools>({
    model,
    tools,
    prepareCall: async ({ options, ...settings }) => {
      const identity = await target.login(options.user)
      return { ...settings, ...guardTools(tools, { guard, policies, identity, threadId: options.user }) }
    },
  })
  await agent.generate({ prompt: 'Who?', options: { user: 'ann' } })
  await agent.generate({ prompt: 'Who?', options: { user: 'bob' } })
  const saw = model.doGenerateCalls.map(({ prompt }) => JSON.stringify(prompt))
  expect(saw[1]).toContain('"subject":"ann"')
  expect(saw[3]).toContain('"subject":"bob"')
})
