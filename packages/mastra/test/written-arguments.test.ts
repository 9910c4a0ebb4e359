// Mastra reads arguments by the tool's schema before the guard, and not when a call is resumed: the call is what was written.
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { conversation, read } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Payment = z.strictObject({ amount: z.number(), reference: z.string().default(() => crypto.randomUUID()) })

async function payments(schema: z.ZodObject) {
  const target = await world()
  const identity = await target.login()
  const guard = target.guard()
  const ran: string[] = []
  const tool = (name: string) =>
    createTool({
      id: name,
      description: 'Does',
      inputSchema: schema,
      outputSchema: z.any(),
      execute: async () => {
        ran.push(name)
        return { done: name }
      },
    })
  const tools: Record<'note' | 'pay', AnyTool> = guardTools(
    { note: tool('note') as AnyTool, pay: tool('pay') as AnyTool },
    {
      guard,
      identity,
      policies: {
        note: policy(schema, { effect: 'write' }),
        pay: policy(schema, { approval: { message: () => 'Pay' } }),
      },
    },
  )
  return { target, identity, guard, ran, tools }
}

const Optional = z.strictObject({
  amount: z.number(),
  why: z.string().optional(),
  tags: z.array(z.string()).optional(),
})

test.each([
  ['a default that is another one each time', Payment, { amount: 1 }],
  ['a null for what is optional', Optional, { amount: 1, why: null }],
  ['a list that was written as text', Optional, { amount: 1, tags: '["a"]' }],
  ['a field that the schema drops', z.object({ amount: z.number() }), { amount: 1, more: 1 }],
] as const)('an agent’s call is asked about once and runs once: %s', async (_, schema, args) => {
  const { target, identity, guard, ran, tools } = await payments(schema)
  const talk = conversation()
  const agent = talk.agent(tools, new ScriptedModel([call('1', 'note', args), call('2', 'pay', args)]))
  await agent.generate('Go', { memory: talk.memory })
  const { controls } = target.authorizationServer
  expect(await controls.pendingRequests()).toHaveLength(1)
  await controls.approve()
  target.clock.advance(10)
  const { resumptions } = await resumeWhenResolved(await agent.listSuspendedRuns(), { guard, identity })
  for (const { resumeData, ...which } of resumptions) {
    await read(await agent.resumeStream(resumeData, which))
  }
  expect(interruptsOf(await agent.listSuspendedRuns())).toEqual([])
  expect(await controls.pendingRequests()).toEqual([])
  expect(ran).toEqual(['note', 'pay'])
})

test.each([
  ['its own', {}],
  ['one that the app gives again', { inputData: { amount: 1 } }],
])(
  verifies('A12', 'a step that ran does not run again when its run travels back to it, with the input: %s'),
  async (_, given) => {
    const { ran, tools } = await payments(Payment)
    const open = runs(tools, async () => 'done')
    const run = await open()
    await run.start({ inputData: { amount: 1 } })
    const again = await open(run.runId)
    expect(await again.timeTravel({ step: 'note', ...given })).toMatchObject({ status: 'success' })
    expect(ran).toEqual(['note'])
  },
)

test('an input that differs is another call', async () => {
  const { ran, tools } = await payments(Payment)
  const open = runs(tools, async () => 'done')
  const run = await open()
  await run.start({ inputData: { amount: 1 } })
  await (await open(run.runId)).timeTravel({ step: 'note', inputData: { amount: 2 } })
  expect(ran).toEqual(['note', 'note'])
})

/** A run of a workflow over storage in a file; each call of it is another process. */
const runs = (tools: Readonly<Record<'note', AnyTool>>, beside: () => Promise<unknown>) => {
  const { file } = conversation()
  return async (runId?: string) => {
    const step = createStep({ id: 'beside', inputSchema: z.any(), outputSchema: z.any(), execute: beside })
    const workflow = createWorkflow({ id: 'work', inputSchema: z.any(), outputSchema: z.any() })
      .parallel([createStep(tools.note as never), step])
      .commit()
    const storage = new LibSQLStore({ id: 'storage', url: `file:${file}` })
    const mastra = new Mastra({ workflows: { work: workflow }, storage, logger: false })
    return mastra.getWorkflow('work').createRun(runId === undefined ? {} : { runId })
  }
}

test('a step that ran does not run again when its process died and the run is restarted', async () => {
  const { ran, tools } = await payments(Payment)
  let processes = 0
  const open = runs(tools, async () => {
    processes += 1
    return processes === 1 ? new Promise(() => {}) : 'done'
  })
  const run = await open()
  void run.start({ inputData: { amount: 1 } })
  await vi.waitFor(() => expect([processes, ran]).toEqual([1, ['note']]), { timeout: 10_000 })
  const again = await open(run.runId)
  expect(await again.restart()).toMatchObject({ status: 'success' })
  expect([processes, ran]).toEqual([2, ['note']])
})
