// Code of an unguarded tool that calls a guarded tool, and hands on all, a copy or parts of the context that it was handed.
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { createTool, type ToolExecutionContext } from '@mastra/core/tools'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools, interruptsOf } from '../src/index.ts'
import { conversation } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })

type Context = ToolExecutionContext

const ways: Readonly<Record<string, (context: Context) => object>> = {
  all: (context) => context,
  'a copy': (context) => ({ ...context, agent: { ...context.agent } }),
  'the agent and the run': ({ agent, ...context }) => ({ agent, runId: Reflect.get(context, 'runId') }),
  'the agent': ({ agent }) => ({ agent }),
}

test.each(Object.keys(ways))(
  verifies('A3', 'code whose call waits for a person does not go on without a result: it hands on %s'),
  async (way) => {
    const target = await world()
    const pay = createTool({ id: 'pay', description: 'Pays', inputSchema: Amount, execute: async () => 'paid' })
    const policies = { pay: policy(Amount, { approval: { message: () => 'Pay' } }) }
    const guarded = guardTools({ pay }, { guard: target.guard(), policies, identity: await target.login() })
    const went: string[] = []
    const ship = createTool({
      id: 'ship',
      description: 'Pays and ships',
      inputSchema: Amount,
      async execute(input, context) {
        await guarded.pay.execute?.(input, ways[way]?.(context) as never)
        went.push('shipped')
        return 'shipped'
      },
    })
    const talk = conversation()
    const tools: Record<string, AnyTool> = { ...guarded, ship }
    const agent = talk.agent(tools, new ScriptedModel([call('1', 'ship', { amount: 1 })]))
    await agent.generate('Ship', { memory: talk.memory })
    expect(went).toEqual([])
    expect(interruptsOf(await agent.listSuspendedRuns({ threadId: talk.memory.thread })).length).toBeLessThan(2)
  },
)
