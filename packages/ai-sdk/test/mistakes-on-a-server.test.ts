// Of JavaScript, whose callers have no compiler: docs/mistakes.md shows some of these sentences.
import { readFileSync } from 'node:fs'
import { policy } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, resumeWhenResolved, toAiTools } from '../src/index.ts'
import { call, scripted } from './scripted-model.ts'
import { turn, user } from './turn.ts'
import { world } from './world.ts'

const page = readFileSync(new URL('../../../docs/mistakes.md', import.meta.url), 'utf8')
const threadId = 'thread-1'

async function saved() {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const messages = [user('Buy 50')]
  const { result } = await turn({
    guard,
    identity,
    model: scripted([call('call-1', 'create_order', buy(50))]),
    messages,
  })
  return { guard, identity, messages: [...messages, ...result.responseMessages] }
}

test.each([
  ['a copy', 'pass what verifyRequest or signIn returned', (identity: object) => JSON.parse(JSON.stringify(identity))],
  ['a promise', 'await the promise', (identity: object) => Promise.resolve(identity)],
  ['nothing', 'pass what verifyRequest or signIn returned', () => undefined],
])('resumeWhenResolved refuses %s in place of an identity, whether a call waits or not', async (_, remedy, wrong) => {
  const { guard, identity, messages } = await saved()
  for (const given of [messages, []]) {
    const text = `resumeWhenResolved.identity: no verification of @behalf/core returned this identity: ${remedy}`
    const resumed = resumeWhenResolved(given, { guard, identity: wrong(identity) as never, threadId })
    await expect(resumed).rejects.toMatchObject({ name: 'ConfigurationError', message: text })
  }
  expect(page).toContain('resumeWhenResolved.identity: no verification of @behalf/core returned this identity: ')
})

test('resumeWhenResolved refuses the messages of useChat', async () => {
  const { guard, identity } = await saved()
  const shown = [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Buy' }] }]
  for (const given of [shown, undefined]) {
    await expect(resumeWhenResolved(given as never, { guard, identity, threadId })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: 'resumeWhenResolved.messages: give a list of ModelMessage: await convertToModelMessages(messages)',
    })
  }
  expect(page).toContain(
    'resumeWhenResolved.messages: give a list of ModelMessage: await convertToModelMessages(messages)',
  )
})

test('tools are refused where the identity was left out, and made where no user is signed in', async () => {
  const guard = (await world()).guard()
  const message = 'identity: is missing: give the user of this request, or undefined'
  expect(() => toAiTools(guard, [], { threadId } as never)).toThrow(`toAiTools.${message}`)
  expect(page).toContain(`toAiTools.${message}`)
  const Nothing = z.strictObject({})
  const [tools, policies] = [{ who: tool({ inputSchema: Nothing, execute: () => 1 }) }, { who: policy(Nothing, {}) }]
  expect(() => guardTools(tools, { guard, policies, threadId } as never)).toThrow(`guardTools.${message}`)
  expect(Object.keys(guardTools(tools, { guard, policies, threadId, identity: undefined }).tools)).toEqual(['who'])
})
