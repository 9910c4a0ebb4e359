// A step of an app's own whose code calls a guarded tool.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { policy, ToolAuthorizationError } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { makeTools, policies, world } from './world.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int(),
})
const Shipped = z.strictObject({ shipped: z.string() })

type Handed = Readonly<Record<'runId' | 'workflowId' | 'suspend' | 'resumeData', unknown>>

/** What the code of a step hands on to the tools that it calls. */
const handedOn = {
  some: ({ runId, workflowId, suspend, resumeData }: Handed) => ({
    workflow: { runId, workflowId, suspend, resumeData },
  }),
  all: (own: Handed) => own,
  'all, twice': (own: Handed) => ({ ...own, workflow: own }),
}

/** `run` is the step's code; `handOn` gives what it hands to the tool. */
async function stepThat(
  handOn: (context: Handed) => object,
  run: (place: () => Promise<unknown>, suspend: (payload: unknown) => Promise<unknown>) => Promise<unknown>,
) {
  const target = await world()
  const directory = mkdtempSync(join(tmpdir(), 'behalf-mastra-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const guard = target.guard()
  const identity = await target.login()
  const { create_order } = guardTools(
    {
      create_order: createTool({
        id: 'create_order',
        description: 'Places an order',
        inputSchema: Order,
        outputSchema: z.looseObject({}),
        execute: async (input) => makeTools().create_order.execute?.(input as never, {} as never) as never,
      }),
    },
    { guard, policies, identity },
  )
  const step = createStep({
    id: 'ship',
    inputSchema: Order,
    outputSchema: Shipped,
    execute: async (own) => {
      const { inputData, suspend } = own
      const context = handOn(own as never)
      const place = async () => create_order.execute?.(inputData, context as never)
      const placed = await run(place, suspend as never)
      return { shipped: JSON.stringify(placed ?? 'nothing') }
    },
  })
  const workflow = createWorkflow({ id: 'own', inputSchema: Order, outputSchema: Shipped }).then(step).commit()
  const mastra = new Mastra({
    workflows: { own: workflow },
    storage: new LibSQLStore({ id: 'storage', url: `file:${join(directory, 'mastra.db')}` }),
    logger: false,
  })
  const started = await mastra.getWorkflow('own').createRun()
  return {
    target,
    guard,
    identity,
    run: started,
    asked: await started.start({ inputData: buy(50) as z.infer<typeof Order> }),
  }
}

for (const [name, handOn] of Object.entries(handedOn))
  test(`a call that has to wait throws in it, so that its code does not go on without a result: ${name}`, async () => {
    let thrown: unknown
    const { asked, target } = await stepThat(handOn, async (place) => {
      try {
        return await place()
      } catch (error) {
        thrown = error
        throw error
      }
    })
    expect(ToolAuthorizationError.isInstance(thrown) && thrown.interrupt).toMatchObject({ kind: 'approval_pending' })
    expect(asked.status).toBe('failed')
    expect(await target.orders()).toBe(0)
  })

test('it suspends with what the call threw, and goes on when the question was answered', async () => {
  const { asked, target, guard, identity, run } = await stepThat(handedOn.some, async (place, suspend) => {
    try {
      return await place()
    } catch (error) {
      if (!ToolAuthorizationError.isInstance(error) || error.interrupt === undefined) throw error
      return suspend(error.interrupt)
    }
  })
  expect(interruptsOf(asked)).toMatchObject([{ interrupt: { kind: 'approval_pending' } }])
  const { controls } = target.authorizationServer
  await controls.approve((await controls.pendingRequests())[0]?.authReqId)
  target.clock.advance(10)
  const [resumption] = (await resumeWhenResolved(asked, { guard, identity })).resumptions
  expect(resumption && (await run.resume(resumption))).toMatchObject({
    status: 'success',
    result: { shipped: expect.stringContaining('"quantity":50') },
  })
  expect(await target.orders()).toBe(1)
})

/** A tool whose code orders fifty shares with the context that it was given, and then does something else. */
const shipping = (order: (context: never) => unknown, ran: string[]) =>
  createTool({
    id: 'ship',
    description: 'Orders and ships',
    inputSchema: Order,
    outputSchema: Shipped,
    execute: async (_, context) => {
      const placed = await order(context as never)
      ran.push(`shipped ${JSON.stringify(placed)}`)
      return { shipped: 'all' }
    },
  })

test.each(['guarded', 'not guarded'])(
  'the code of a tool that is a step, and %s, does not go on where a call that it makes has to wait',
  async (kind) => {
    const target = await world()
    const identity = await target.login()
    const guard = target.guard()
    const ran: string[] = []
    const { create_order } = guardTools(makeTools(), { guard, policies, identity })
    const ship = shipping((context) => create_order.execute?.(buy(50) as never, context), ran)
    const rules = { ship: policy(Order, {}) }
    const step = createStep(kind === 'guarded' ? guardTools({ ship }, { guard, policies: rules, identity }).ship : ship)
    const workflow = createWorkflow({ id: 'own', inputSchema: Order, outputSchema: Shipped }).then(step).commit()
    const run = await workflow.createRun()
    const { status } = await run.start({ inputData: buy(50) as z.infer<typeof Order> })
    expect([status, ran, await target.orders()]).toEqual(['failed', [], 0])
    expect(await target.authorizationServer.controls.pendingRequests()).toHaveLength(1)
  },
)
