// A tool's schema that fills in something else each time: the call is the one that the model made.
import { policy } from '@behalf/core'
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { MemorySaver } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { call } from './agent.ts'
import { agentGraph, handBuiltGraph } from './framework.ts'
import { ScriptedModel } from './scripted-model.ts'
import { verified, world } from './world.ts'

const Payment = z.strictObject({ amount: z.number(), reference: z.string().default(() => crypto.randomUUID()) })

test.each(Object.entries({ createAgent: agentGraph, 'a ToolNode': handBuiltGraph }))(
  'in %s, one that was approved runs once, and is asked about once',
  async (_, build) => {
    const behalf = world()
    const paid: string[] = []
    const pay = tool(
      ({ reference }) => {
        paid.push(reference)
        return 'paid'
      },
      { name: 'pay', description: 'Pays', schema: Payment },
    )
    const rule = policy(Payment, { approval: { message: ({ input }) => `Pay ${input.amount} as ${input.reference}` } })
    const tools = guardTools([pay], { guard: behalf.guard(), policies: { pay: rule } })
    const checkpointer = new MemorySaver() as never
    const model = new ScriptedModel([[call('a', 'pay', { amount: 1 })]])
    const graph = () => build({ model, tools: tools as unknown as StructuredToolInterface[], checkpointer })
    const identity = await verified()
    const config = { configurable: { thread_id: 't' }, context: { identity } }
    await graph().invoke({ messages: [{ role: 'user', content: 'Go' }] }, config)
    behalf.answer('approved')
    behalf.pass()
    const { command } = await resumeWhenResolved(await graph().getState(config), { guard: behalf.guard(), identity })
    await graph().invoke(command, config)
    expect([interruptsOf(await graph().getState(config)), behalf.questions]).toEqual([[], [`Pay 1 as ${paid[0]}`]])
    expect(paid).toHaveLength(1)
  },
)

test('a write that ran does not run again when a sibling that paused goes on', async () => {
  const behalf = world()
  const ran: string[] = []
  const body = (name: string) => tool(() => `${ran.push(name)}`, { name, description: 'Does', schema: Payment })
  const rules = {
    note: policy(Payment, { effect: 'write' }),
    pay: policy(Payment, { approval: { message: ({ input }) => `Pay ${input.amount}` } }),
  }
  const tools = guardTools([body('note'), body('pay')] as never, { guard: behalf.guard(), policies: rules as never })
  const model = new ScriptedModel([[call('a', 'note', { amount: 1 }), call('b', 'pay', { amount: 2 })]])
  const graph = handBuiltGraph({
    model,
    tools: tools as unknown as StructuredToolInterface[],
    checkpointer: new MemorySaver() as never,
  })
  const identity = await verified()
  const config = { configurable: { thread_id: 't' }, context: { identity } }
  await graph.invoke({ messages: [{ role: 'user', content: 'Go' }] }, config)
  behalf.answer('approved')
  behalf.pass()
  const { command } = await resumeWhenResolved(await graph.getState(config), { guard: behalf.guard(), identity })
  await graph.invoke(command, config)
  expect(ran).toEqual(['note', 'pay'])
})
