// Guarded tools of a sub-agent, and of a workflow that an agent has as a tool: the outer run waits for them.
import type { Identity } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { createTool } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { conversation, read } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { makeTools, policies, world } from './world.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})
const Placed = z.looseObject({})

interface Outer {
  readonly calls: ReturnType<typeof call>
  readonly over: (tools: ReturnType<typeof guardTools<ReturnType<typeof orderTools>>>) => object
}

const orderTools = () => {
  const { create_order } = makeTools()
  const execute = async (order: z.infer<typeof Order>) =>
    (await create_order.execute?.(order, {} as never)) as z.infer<typeof Placed>
  return {
    create_order: createTool({
      id: 'create_order',
      description: 'Places an order',
      inputSchema: Order,
      outputSchema: Placed,
      execute,
    }),
  }
}

const outers: Readonly<Record<string, Outer>> = {
  'a sub-agent': {
    calls: call('call-1', 'agent-sub', { prompt: 'Buy 50' }),
    over: (tools) => ({
      agents: {
        sub: new Agent({
          id: 'sub',
          name: 'sub',
          description: 'Trades',
          instructions: 'You trade.',
          model: new ScriptedModel([call('call-1', 'create_order', buy(50))]) as unknown as MastraModelConfig,
          tools,
        }),
      },
    }),
  },
  'a workflow as a tool': {
    calls: call('call-1', 'workflow-flow', { inputData: buy(50) }),
    over: ({ create_order }) => ({
      workflows: {
        flow: createWorkflow({ id: 'flow', description: 'Trades', inputSchema: Order, outputSchema: Placed })
          .then(createStep(create_order))
          .commit(),
      },
    }),
  },
}

test.each(Object.entries(outers))(
  'a call of %s is listed, and goes on by whatever wakes it, once',
  async (_, outer) => {
    const target = await world()
    const identity = await target.login()
    const guard = target.guard()
    const talk = conversation()
    const open = (who: Identity | undefined, model = new ScriptedModel()) =>
      talk.agent({}, model, outer.over(guardTools(orderTools(), { guard, policies, identity: who })))
    await open(identity, new ScriptedModel([outer.calls])).generate('Buy 50', { memory: talk.memory })
    const waiting = async () => interruptsOf(await open(identity).listSuspendedRuns())
    const [listed, ...more] = await waiting()
    expect([listed, more]).toMatchObject([{ interrupt: { message: 'Buy 50 shares of AAPL' } }, []])
    const { runId = '', toolCallId = '' } = listed ?? {}
    const wake = async (who: Identity | undefined) =>
      read(await open(who).resumeStream({ approved: true }, { runId, toolCallId }))
    await wake(identity)
    expect([await waiting(), await target.orders()]).toMatchObject([[{ interrupt: { id: listed?.interrupt.id } }], 0])
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    // The proof is for the inner run.
    expect(await resumeWhenResolved(await open(identity).listSuspendedRuns(), { guard, identity })).toEqual({
      status: 'unknown',
      resumptions: [],
    })
    await wake(identity)
    expect([await waiting(), await target.orders()]).toEqual([[], 1])
  },
)
