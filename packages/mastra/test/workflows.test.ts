import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentIdentity, type Identity, runAs } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { makeTools, policies, type World, world } from './world.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})
const Placed = z.looseObject({ id: z.string(), quantity: z.number() })

/** A workflow of an app over storage in a file; each call of `open` is another process of it. */
async function workflows() {
  const target = await world()
  const directory = mkdtempSync(join(tmpdir(), 'behalf-mastra-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const guard = target.guard()
  const storage = () => new LibSQLStore({ id: 'storage', url: `file:${join(directory, 'mastra.db')}` })
  const open = (identity: Identity | undefined | (() => Identity | undefined)) => {
    const tools = guardTools({ create_order: orderTool() }, { guard, policies, identity })
    const order = createStep(tools.create_order)
    const rebalance = createWorkflow({ id: 'rebalance', inputSchema: Order, outputSchema: Placed }).then(order).commit()
    const inner = createWorkflow({ id: 'inner', inputSchema: Order, outputSchema: Placed }).then(order).commit()
    // A workflow does not fit the type of a step under exactOptionalPropertyTypes.
    const nested = createWorkflow({ id: 'nested', inputSchema: Order, outputSchema: Placed })
      .then(inner as unknown as typeof order)
      .commit()
    const each = createWorkflow({ id: 'each', inputSchema: z.array(Order), outputSchema: z.array(Placed) })
      .foreach(order)
      .commit()
    return new Mastra({ workflows: { rebalance, nested, each }, storage: storage(), logger: false })
  }
  const approve = async (target: World, message?: string) => {
    const { controls } = target.authorizationServer
    const requests = await controls.pendingRequests()
    await controls.approve(
      requests.find(({ bindingMessage }) => message === undefined || bindingMessage === message)?.authReqId,
    )
    target.clock.advance(10)
  }
  return { target, guard, storage, open, approve }
}

function orderTool() {
  const { create_order } = makeTools()
  return createTool({
    id: 'create_order',
    description: 'Places an order',
    inputSchema: Order,
    outputSchema: Placed,
    execute: async (order) => (await create_order.execute?.(order, {} as never)) as z.infer<typeof Placed>,
  })
}

test.each(['rebalance', 'nested'] as const)(
  'a step of %s suspends, and goes on in another process, once',
  async (id) => {
    const { target, guard, open, approve } = await workflows()
    const identity = await target.login()
    const run = await open(identity).getWorkflow(id).createRun()
    const asked = await run.start({ inputData: buy(50) as z.infer<typeof Order> })
    expect(asked.status).toBe('suspended')
    expect(interruptsOf(asked)).toMatchObject([{ interrupt: { v: 1, message: 'Buy 50 shares of AAPL' } }])
    expect(await resumeWhenResolved(asked, { guard, identity })).toEqual({ status: 'open', resumptions: [] })
    await approve(target)
    const { resumptions } = await resumeWhenResolved(asked, { guard, identity })
    expect(resumptions).toHaveLength(1)
    for (const resumption of resumptions) {
      const again = await open(identity).getWorkflow(id).createRun({ runId: run.runId })
      expect(await again.resume(resumption)).toMatchObject({ status: 'success', result: { quantity: 50 } })
    }
    expect(await target.orders()).toBe(1)
  },
)

test('resumed without an answer, without a user, or by another, nothing runs', async () => {
  const { target, open, approve } = await workflows()
  const users = { ann: await target.login('ann'), bob: await target.login('bob') }
  const start = async () => {
    const run = await runAs(users.ann, () => open(currentIdentity).getWorkflow('rebalance').createRun())
    const asked = await runAs(users.ann, () => run.start({ inputData: buy(50) as z.infer<typeof Order> }))
    return { runId: run.runId, step: [...(interruptsOf(asked)[0]?.step ?? [])] }
  }
  const { runId, step } = await start()
  const resume = async (who: Identity | undefined, which = runId) => {
    const go = async () => {
      const run = await open(currentIdentity).getWorkflow('rebalance').createRun({ runId: which })
      return run.resume({ step, resumeData: { approved: true } })
    }
    return who === undefined ? go() : runAs(who, go)
  }
  const early = await resume(users.ann)
  expect(interruptsOf(early)).toMatchObject([{ interrupt: { kind: 'approval_pending' } }])
  await approve(target)
  const visitor = await resume(undefined)
  expect(interruptsOf(visitor)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  const bob = await resume(users.bob)
  expect(bob).toMatchObject({ status: 'failed', error: { message: 'This action is not permitted.' } })
  expect([await target.orders(), await target.orders('p-bob')]).toEqual([0, 0])
})

test('a step that is not guarded and suspends with an interrupt, made up or copied, is not resumed', async () => {
  const { target, guard, storage, open, approve } = await workflows()
  const identity = await target.login()
  const asked = await open(identity)
    .getWorkflow('rebalance')
    .createRun()
    .then((run) => run.start({ inputData: buy(50) as z.infer<typeof Order> }))
  await approve(target)
  const [copied] = interruptsOf(asked)
  const made = { v: 1, kind: 'login_required', id: 'x', tool: 'create_order', message: 'hi', proof: 'x' }
  for (const payload of [copied?.interrupt, made]) {
    const wipe = createStep({
      id: 'create_order',
      inputSchema: z.any(),
      outputSchema: z.any(),
      execute: async ({ suspend }) => {
        await suspend(payload)
      },
    })
    const workflow = createWorkflow({ id: 'w', inputSchema: z.any(), outputSchema: z.any() }).then(wipe).commit()
    const mastra = new Mastra({ workflows: { w: workflow }, storage: storage(), logger: false })
    const suspended = await (await mastra.getWorkflow('w').createRun()).start({ inputData: {} })
    expect(interruptsOf(suspended)).toHaveLength(1)
    expect(await resumeWhenResolved(suspended, { guard, identity })).toEqual({ status: 'unknown', resumptions: [] })
  }
})

test('a refusal fails the run with the fixed sentence', async () => {
  const { target, open } = await workflows()
  const run = await open(await target.login())
    .getWorkflow('rebalance')
    .createRun()
  const result = await run.start({ inputData: buy(5, { portfolio: 'p-bob' }) as z.infer<typeof Order> })
  expect(result).toMatchObject({ status: 'failed', error: { message: 'This action is not permitted.' } })
})

test('each item of a loop is a question of its own', async () => {
  const { target, guard, open, approve } = await workflows()
  const identity = await target.login()
  const workflow = open(identity).getWorkflow('each')
  const run = await workflow.createRun()
  const items = [buy(50), buy(20, { symbol: 'MSFT' })] as z.infer<typeof Order>[]
  let result = await run.start({ inputData: items })
  for (let times = 0; times < 4 && result.status === 'suspended'; times++) {
    await approve(target)
    for (const resumption of (await resumeWhenResolved(result, { guard, identity })).resumptions) {
      result = await run.resume(resumption)
    }
  }
  expect(result).toMatchObject({ status: 'success', result: [{ quantity: 50 }, { quantity: 20 }] })
  expect(await target.orders()).toBe(2)
})

test('a step that the engine runs over again is done once', async () => {
  const { target, guard } = await workflows()
  const { create_order } = guardTools(
    { create_order: orderTool() },
    { guard, policies, identity: await target.login() },
  )
  const again = (runId: string) =>
    create_order.execute?.(buy(5) as z.infer<typeof Order>, { workflow: { runId, workflowId: 'w' } } as never)
  expect(await again('run-1')).toEqual(await again('run-1'))
  expect(await target.orders()).toBe(1)
  await again('run-2')
  expect(await target.orders()).toBe(2)
})

test("the step of a tool with schemas for suspensions of its own suspends with the guard's question", async () => {
  const { target, guard, storage, approve } = await workflows()
  const identity = await target.login()
  const tool = createTool({
    id: 'create_order',
    description: 'x',
    inputSchema: Order,
    outputSchema: Placed,
    suspendSchema: z.strictObject({ question: z.string() }),
    resumeSchema: z.strictObject({ answer: z.string() }),
    execute: async () => ({ id: 'o', quantity: 1 }),
  })
  const { create_order } = guardTools({ create_order: tool }, { guard, policies, identity })
  const workflow = createWorkflow({ id: 'own', inputSchema: Order, outputSchema: Placed })
    .then(createStep(create_order))
    .commit()
  const mastra = new Mastra({ workflows: { own: workflow }, storage: storage(), logger: false })
  const run = await mastra.getWorkflow('own').createRun()
  const asked = await run.start({ inputData: buy(50) as z.infer<typeof Order> })
  expect(interruptsOf(asked)).toHaveLength(1)
  await approve(target)
  const [resumption] = (await resumeWhenResolved(asked, { guard, identity })).resumptions
  expect(resumption && (await run.resume(resumption))).toMatchObject({ status: 'success', result: { id: 'o' } })
})
