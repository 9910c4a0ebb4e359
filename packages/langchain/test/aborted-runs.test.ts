// A run of LangGraph that is aborted while a write runs, whose body returns after that.
import { defineTool } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, toLangChainTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { toolTexts } from './counted-tools.ts'
import { Amount, policies, verified, world } from './world.ts'

/** A write that waits for the test after it has acted, and counts its bodies. */
function lateWrite() {
  const ran: number[] = []
  const began = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const write = async ({ amount }: { readonly amount: number }) => {
    ran.push(amount)
    began.resolve()
    await end.promise
    return `noted ${amount}`
  }
  const fields = { name: 'note', description: 'Notes' }
  const guard = world().guard()
  const made = {
    toLangChainTools: () =>
      toLangChainTools(guard, [defineTool({ ...fields, input: Amount, effect: 'write', run: write })]),
    'guardTools of what tool() made': () =>
      guardTools([tool(write, { ...fields, schema: Amount })], { guard, policies } as never),
  }
  return { ran, made, began: began.promise, end: end.resolve }
}

test.each([
  ['toLangChainTools', 'gives its result to the next equal call', 'noted 1'],
  ['guardTools of what tool() made', 'leaves it in doubt, since LangChain drops the result', 'result is not known'],
] as const)('%s %s', async (how, _, told) => {
  const { ran, made, began, end } = lateWrite()
  const tools = made[how]()
  const identity = await verified()
  const first = agentWith(tools, [[call('call-1', 'note', { amount: 1 })]])
  const controller = new AbortController()
  const going = first.agent.invoke(
    { messages: [{ role: 'user', content: 'Go' }] },
    { ...first.thread, context: { identity }, signal: controller.signal },
  )
  await began
  controller.abort(new DOMException('enough', 'AbortError'))
  await expect(going).rejects.toThrow('enough')
  end()
  const second = agentWith(tools, [[call('call-2', 'note', { amount: 1 })]])
  const { messages } = await second.ask({ identity })
  expect(toolTexts(messages)).toEqual([expect.stringContaining(told)])
  expect(ran).toEqual([1])
})

test('a tool whose input is one text stays a tool of one text', async () => {
  const input = z.string()
  const shout = defineTool({ name: 'shout', description: 'Shouts', input, run: (text) => text.toUpperCase() })
  const tools = toLangChainTools(world().guard(), [shout])
  const { messages } = await agentWith(tools, [[call('call-1', 'shout', { input: 'hi' })]]).ask({
    identity: await verified(),
  })
  expect(toolTexts(messages)).toEqual(['HI'])
})
