// An app's own step that Mastra runs again, after an error or when its run continues. Its code writes.
import { ToolAuthorizationError } from '@behalf/core'
import { Mastra } from '@mastra/core/mastra'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { resumeWhenResolved } from '../src/index.ts'
import { countedTools } from './counted-tools.ts'

const Anything = z.unknown()

type Call = (name: 'note' | 'pay', amount: number) => Promise<unknown>
interface Own {
  readonly retryCount: number
  readonly suspend: (payload: unknown) => Promise<unknown>
}
type Code = (call: Call, own: Own) => Promise<unknown>

/** What the code of a step hands on to the tools that it calls. */
const handedOn: Readonly<Record<string, (own: object) => object>> = {
  'its context': (own) => own,
  'a copy of its context': (own) => ({ ...own }),
}

/** A workflow of these steps, on tools that count how often their bodies run. */
async function workflowOf(steps: Readonly<Record<string, Code>>, handOn: (own: object) => object = (own) => own) {
  const { target, guard, identity, ran, tools } = await countedTools()
  const made = Object.entries(steps).map(([id, code]) =>
    createStep({
      id,
      inputSchema: Anything,
      outputSchema: Anything,
      retries: 2,
      execute: async (own) => {
        const call: Call = async (name, amount) => tools[name].execute?.({ amount }, handOn(own) as never)
        return code(call, own as never)
      },
    }),
  )
  const [first, second = first] = made
  if (first === undefined || second === undefined) throw new TypeError('a step is missing')
  const begun = createWorkflow({ id: 'own', inputSchema: Anything, outputSchema: Anything }).then(first)
  const own = (second === first ? begun : begun.then(second)).commit()
  const open = <Workflows extends object>(workflows: Workflows) =>
    new Mastra({
      workflows: workflows as never,
      storage: new LibSQLStore({ id: 'storage', url: ':memory:' }),
      logger: false,
    }) as unknown as Mastra<never, Workflows & Record<string, typeof own>>
  const run = await open({ own }).getWorkflow('own').createRun()
  return { target, guard, identity, ran, run, step: first, open }
}

describe.each(Object.entries(handedOn))('a step that hands on %s', (_, handOn) => {
  test('writes once, each time that its code writes, where it fails after that and runs again', async () => {
    const flaky: Code = async (call, { retryCount }) => {
      const told = [await call('note', 1), await call('note', 1), await call('note', 2)]
      if (retryCount < 2) throw new Error('the database is away')
      return told
    }
    const { ran, run } = await workflowOf({ flaky }, handOn)
    expect(await run.start({ inputData: {} })).toMatchObject({
      status: 'success',
      result: ['note 1', 'note 1', 'note 2'],
    })
    expect(ran).toEqual(['note 1', 'note 1', 'note 2'])
  })

  test('writes once where a call after it has to wait, and its run goes on', async () => {
    const pays: Code = async (call, { suspend }) => {
      await call('note', 1)
      try {
        return await call('pay', 5)
      } catch (error) {
        if (!ToolAuthorizationError.isInstance(error) || error.interrupt === undefined) throw error
        return suspend(error.interrupt)
      }
    }
    const { target, guard, identity, ran, run } = await workflowOf({ pays }, handOn)
    const asked = await run.start({ inputData: {} })
    const { controls } = target.authorizationServer
    await controls.approve((await controls.pendingRequests())[0]?.authReqId)
    target.clock.advance(10)
    const [resumption] = (await resumeWhenResolved(asked, { guard, identity })).resumptions
    expect(resumption && (await run.resume(resumption))).toMatchObject({ status: 'success', result: 'pay 5' })
    expect(ran).toEqual(['note 1', 'pay 5'])
  })
})

test('equal writes of a step that goes on from another input each time are told apart', async () => {
  const { ran, step, open } = await workflowOf({ note: (call) => call('note', 1) })
  const each = createWorkflow({ id: 'each', inputSchema: z.array(z.unknown()), outputSchema: z.array(z.unknown()) })
    .foreach(step)
    .commit()
  const run = await open({ each }).getWorkflow('each').createRun()
  expect(await run.start({ inputData: [{ month: 1 }, { month: 2 }] })).toMatchObject({ status: 'success' })
  expect(ran).toEqual(['note 1', 'note 1'])
})

test('equal writes of two steps are two', async () => {
  const notes: Code = (call) => call('note', 1)
  const { ran, run } = await workflowOf({ first: notes, second: notes })
  expect(await run.start({ inputData: {} })).toMatchObject({ status: 'success' })
  expect(ran).toEqual(['note 1', 'note 1'])
})
