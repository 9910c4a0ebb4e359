import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { RequestContext } from '@mastra/core/request-context'
import { createTool } from '@mastra/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })
const outputSchema = z.object({ status: z.enum(['filled']) })

/** A model that places an order, and places it again, whatever it is told. */
async function placedTwice(gives: object, requestContextSchema?: z.ZodObject) {
  const target = await world()
  const errors: unknown[] = []
  let ran = 0
  const described = {
    id: 'place',
    description: 'Places an order',
    inputSchema: Amount,
    outputSchema,
    requestContextSchema,
  }
  const place = createTool({
    ...(described as Omit<typeof described, 'requestContextSchema'>),
    execute: async () => {
      ran++
      return gives as { status: 'filled' }
    },
  })
  const tools = guardTools(
    { place },
    {
      guard: target.guard(),
      policies: { place: policy(Amount, { effect: 'write' }) },
      identity: await target.login(),
      onError: (error) => void errors.push(error),
    },
  )
  const model = new ScriptedModel([call('1', 'place', { amount: 1 })], [call('2', 'place', { amount: 1 })])
  const agent = new Agent({
    id: 'trader',
    name: 'Trader',
    instructions: 'Trade',
    model: model as unknown as MastraModelConfig,
    tools,
  })
  await agent.generate('Buy', { requestContext: new RequestContext([['secret', 'of the request']]) })
  return { ran, errors, saw: model.saw }
}

test(verifies('A13', 'a write whose result its output schema does not take is in doubt, and runs once'), async () => {
  const { ran, errors, saw } = await placedTwice({ status: 'partly filled' })
  expect(ran).toBe(1)
  expect(saw).toContain('What it did before it failed is not known.')
  expect(errors).toEqual([expect.any(TypeError)])
})

test('a result that fits is told as it is', async () => {
  const { errors, saw } = await placedTwice({ status: 'filled' })
  expect(saw).toContain('filled')
  expect(errors).toEqual([])
})

test('a write that Mastra does not begin, for its requestContextSchema, is not told as done, and the context not to the model', async () => {
  const { ran, errors, saw } = await placedTwice({ status: 'filled' }, z.object({ tenant: z.string() }))
  expect(ran).toBe(0)
  expect(saw).toContain('This tool failed.')
  expect(saw).not.toContain('of the request')
  expect(errors).toEqual([expect.any(TypeError)])
})
