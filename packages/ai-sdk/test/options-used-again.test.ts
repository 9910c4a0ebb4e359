import { currentIdentity, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { generateText, type ModelMessage, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, resumeWhenResolved } from '../src/index.ts'
import { call, scripted } from './scripted-model.ts'
import { user } from './turn.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})
const Amount = z.strictObject({ amount: z.number() })
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}

test('tools of one request act for its user, where the app fills in the same options for the next request', async () => {
  const target = await world()
  const [ann, bob] = [await target.login(), await target.login('bob')]
  const look = tool({ inputSchema: Nothing, execute: async () => subject() })
  const options = { guard: target.guard(), policies: { look: policy(Nothing, {}) }, identity: ann, threadId: 'anns' }
  const anns = guardTools({ look }, options)
  Object.assign(options, { identity: bob, threadId: 'bobs' })
  const bobs = guardTools({ look }, options)
  const call = { toolCallId: 'one', messages: [], context: {} }
  expect([await anns.tools.look.execute?.({}, call), await bobs.tools.look.execute?.({}, call)]).toEqual(['ann', 'bob'])
})

test.each([false, true])(
  verifies('A12', 'a call keeps its arguments and its id, where the app fills in the same objects (streaming: %s)'),
  async (streams) => {
    const target = await world()
    const note = tool({
      inputSchema: Amount,
      execute: async ({ amount }, { toolCallId }) => `${toolCallId} ${amount}`,
    })
    const policies = { note: policy(Amount, { effect: 'write' }) }
    const options = { guard: target.guard(), policies, identity: await target.login(), threadId: 'thread' }
    const { tools, toolApproval } = guardTools({ note }, { ...options, streaming: streams ? ['note'] : [] })
    const input = { amount: 0 }
    const execution = { toolCallId: '', messages: [] as ModelMessage[], context: {} }
    const call = (toolCallId: string, amount: number) => {
      execution.toolCallId = toolCallId
      input.amount = amount
      return endOf(tools.note.execute?.(input, execution))
    }
    expect(await Promise.all([call('one', 1), call('two', 2)])).toEqual(['one 1', 'two 2'])
    const approval = toolApproval.note(input, execution)
    Object.assign(input, { amount: 'no number' })
    expect(await approval).toBeUndefined()
  },
)

/** What a call gives in the end. */
async function endOf(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  let last: unknown
  for await (const value of result as AsyncIterable<unknown>) last = value
  return last
}

test('messages that go on are those that were given, where the app adds to its own list', async () => {
  const target = await world()
  const pay = tool({ inputSchema: Amount, execute: async () => 'paid' })
  const identity = await target.login()
  const guard = target.guard()
  const policies = { pay: policy(Amount, { approval: { message: () => 'Pay' } }) }
  const guarded = guardTools({ pay }, { guard, policies, identity, threadId: 'thread' })
  const messages = [user('Pay')]
  const model = scripted([call('one', 'pay', { amount: 1 })])
  const result = await generateText({ model, messages, ...guarded })
  messages.push(...result.responseMessages)
  const { controls } = target.authorizationServer
  const [asked] = await controls.pendingRequests('ann')
  await controls.approve(asked?.authReqId ?? '')
  target.clock.advance(10)
  const resumed = resumeWhenResolved(messages, { guard, identity, threadId: 'thread' })
  messages.splice(0, messages.length, user('of another conversation'))
  expect(JSON.stringify(await resumed)).toMatch(/"Pay".*tool-approval-response.*"approved":true/)
})
