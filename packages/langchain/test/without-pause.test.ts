// Where LangGraph has nothing to pause.
import { ToolAuthorizationError } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted, toolTexts } from './counted-tools.ts'
import { Amount, policies, soon, verified, world } from './world.ts'

test('no checkpointer: the model is told what it may know, and the app what is missing', async () => {
  const errors: unknown[] = []
  const { tools, ran } = counted({ onError: (error: unknown) => errors.push(error) } as never)
  const run = agentWith(tools, [[call('a', 'pay', { amount: 1 })]], { checkpointer: false })
  const { messages } = await run.ask({ identity: await verified() })
  expect(toolTexts(messages)).toEqual([
    'The user was asked to approve this action and has not answered. It was not done.',
  ])
  expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }])
  expect(ran).toEqual({})
})

test('tool.invoke outside a graph cannot pause: it throws, with the interrupt for the app', async () => {
  const { guard, answer, questions, pass } = world()
  const identity = await verified()
  const errors: unknown[] = []
  const { tools, ran } = counted({ identity, onError: (error: unknown) => errors.push(error) } as never, guard())
  const [pay] = tools
  const thrown = await pay.invoke({ amount: 1 }).catch((error: unknown) => error)
  expect(ToolAuthorizationError.isInstance(thrown) && thrown).toMatchObject({
    code: 'approval_pending',
    interrupt: { kind: 'approval_pending', message: 'Pay 1' },
  })
  expect(errors).toEqual([])
  answer('approved')
  pass()
  expect(await pay.invoke({ amount: 1 })).toBe('paid 1')
  expect(questions).toEqual(['Pay 1'])
  expect(ran).toEqual({ pay: 1 })
  // With a tool call, the answer can go to the model.
  const message = await pay.invoke({ type: 'tool_call', id: 'x', name: 'pay', args: { amount: 2 } })
  expect(message).toMatchObject({ tool_call_id: 'x', status: expect.any(String) })
})

test('tool.invoke outside a graph waits where the policy says so', async () => {
  const { guard, answer } = world()
  const pay = tool(({ amount }) => `paid ${amount}`, { name: 'pay_soon', description: 'Pays', schema: Amount })
  const [guarded] = guardTools([pay], { guard: guard(), policies, identity: await verified() })
  const running = guarded.invoke({ amount: 1 })
  await soon()
  answer('approved')
  expect(await running).toBe('paid 1')
})
