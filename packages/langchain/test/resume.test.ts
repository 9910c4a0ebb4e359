import { type Interrupt, InvalidTokenError, policy, TransportError } from '@behalf/core'
import type { ApprovalAnswer, ApprovalChannel } from '@behalf/core/channels'
import { tool } from '@langchain/core/tools'
import { Command } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { Amount, policies, verified, world } from './world.ts'

async function paused() {
  const behalf = world()
  const pay = tool(({ amount }) => `paid ${amount}`, { name: 'pay', description: 'Pays', schema: Amount })
  const run = agentWith(guardTools([pay], { guard: behalf.guard(), policies }), [
    [call('a', 'pay', { amount: 1 }), call('b', 'pay', { amount: 2 })],
  ])
  const identity = await verified()
  const result = await run.ask({ identity })
  return { ...behalf, run, identity, result }
}

test('the result of a run and the state after it tell the same of what waits', async () => {
  const { run, result } = await paused()
  const waiting = interruptsOf(await run.state())
  expect(waiting.map(({ interrupt }) => interrupt.message)).toEqual(['Pay 1', 'Pay 2'])
  // Told in the order in which the calls paused.
  expect(interruptsOf(result)).toHaveLength(2)
  expect(interruptsOf(result)).toEqual(expect.arrayContaining([...waiting]))
})

test('says that all is open, then gives the ids of what has its answer, and no other', async () => {
  const { run, identity, guard, answer, pass } = await paused()
  const state = await run.state()
  pass()
  expect(await resumeWhenResolved(state, { guard: guard(), identity })).toEqual({ status: 'open' })
  const [first] = interruptsOf(state)
  answer('approved')
  pass()
  const { command } = await resumeWhenResolved(state, { guard: guard(), identity })
  expect(command).toBeInstanceOf(Command)
  expect(Object.keys(command?.resume as object)).toContain(first?.id)
})

test('wakes one answered call of two, and leaves the other one asleep', async () => {
  const { run, identity } = await paused()
  const state = await run.state()
  const [first] = interruptsOf(state)
  const pauses = { stateOf: async ({ id }: Interrupt) => (id === first?.interrupt.id ? 'denied' : 'open') }
  const { command } = await resumeWhenResolved(state, { guard: { pauses } as never, identity })
  expect(Object.keys(command?.resume as object)).toEqual([first?.id])
})

test('a channel that is away holds up no answer that came by another one', async () => {
  const { guard, pass } = world()
  let answer: 'pending' | 'approved' = 'pending'
  const channel = (poll: () => Promise<ApprovalAnswer>): ApprovalChannel => ({
    specificationVersion: 2,
    ask: async () => ({ state: {}, interval: 0.01 }),
    poll,
  })
  const away = () => Promise.reject(new TypeError('fetch failed'))
  const here = async () => (answer === 'pending' ? { status: answer, interval: 0.01 } : { status: answer })
  const own = guard({ approvals: { phone: channel(here), mail: channel(away) } })
  const asking = (by: 'phone' | 'mail') => policy(Amount, { approval: { channel: by, message: () => by } })
  const tools = ['pay', 'send'].map((name) => tool(() => 'done', { name, description: name, schema: Amount }))
  const run = agentWith(guardTools(tools, { guard: own, policies: { pay: asking('phone'), send: asking('mail') } }), [
    [call('a', 'send', { amount: 1 }), call('b', 'pay', { amount: 2 })],
  ])
  const identity = await verified()
  await run.ask({ identity })
  const state = await run.state()
  const resumed = () => resumeWhenResolved(state, { guard: own, identity })
  pass()
  await expect(resumed()).rejects.toThrow(TransportError)
  answer = 'approved'
  pass()
  const { command } = await resumed()
  const paid = interruptsOf(state).find(({ interrupt }) => interrupt.tool === 'pay')
  expect(Object.keys(command?.resume as object)).toEqual([paid?.id])
  // That the identity is no longer good is told all the same.
  const pauses = { stateOf: async ({ tool: of }: Interrupt) => (of === 'pay' ? 'approved' : Promise.reject(ended)) }
  const ended = new InvalidTokenError('expired', 'the token has expired')
  await expect(resumeWhenResolved(state, { guard: { pauses } as never, identity })).rejects.toBe(ended)
})

test('finds nothing for another user, and refuses an identity that no verification made', async () => {
  const { run, identity, guard, answer, pass } = await paused()
  answer('approved')
  pass()
  const state = await run.state()
  expect(await resumeWhenResolved(state, { guard: guard(), identity: await verified('bob') })).toEqual({
    status: 'unknown',
  })
  await expect(resumeWhenResolved(state, { guard: guard(), identity: { ...identity } })).rejects.toThrow(
    'resumeWhenResolved.identity: no verification of @behalf/core returned this identity: pass what verifyRequest or signIn returned',
  )
})

test('leaves alone what is not of a guarded tool', async () => {
  const { guard, identity } = await paused()
  for (const value of ['Which colour?', { v: 2, kind: 'approval_pending' }, undefined, null]) {
    const state = { tasks: [{ interrupts: [{ id: 'x', value }] }] }
    expect(interruptsOf(state)).toEqual([])
    expect(await resumeWhenResolved(state, { guard: guard(), identity })).toEqual({ status: 'nothing' })
  }
  expect(interruptsOf({})).toEqual([])
  expect(interruptsOf({ messages: [] })).toEqual([])
})
