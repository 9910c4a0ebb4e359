// Equal items of a loop in a workflow, whose calls have one name: they share an approval and a run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Mastra } from '@mastra/core/mastra'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { Amount, countedTools } from './counted-tools.ts'

/** A loop over items that may run at the same time, with storage in a file. */
async function loopOf(name: 'pay' | 'note', concurrency: number) {
  const counted = await countedTools()
  const directory = mkdtempSync(join(tmpdir(), 'behalf-mastra-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const workflow = createWorkflow({ id: 'each', inputSchema: z.array(Amount), outputSchema: z.array(z.string()) })
    .foreach(createStep(counted.tools[name]), { concurrency })
    .commit()
  const storage = new LibSQLStore({ id: 'storage', url: `file:${join(directory, 'mastra.db')}` })
  const mastra = new Mastra({ workflows: { each: workflow }, storage, logger: false })
  return { ...counted, run: await mastra.getWorkflow('each').createRun() }
}

const items = [{ amount: 50 }, { amount: 50 }, { amount: 20 }]

test.each([1, 3])('equal items that a person approved run once, %s at a time, and the others run too', async (at) => {
  const { target, guard, identity, ran, replays, run } = await loopOf('pay', at)
  let result = await run.start({ inputData: items })
  const { controls } = target.authorizationServer
  for (let times = 0; times < 6 && result.status === 'suspended'; times++) {
    expect(interruptsOf(result).length).toBeGreaterThan(0)
    for (const { authReqId } of await controls.pendingRequests()) await controls.approve(authReqId)
    target.clock.advance(10)
    for (const resumption of (await resumeWhenResolved(result, { guard, identity })).resumptions) {
      result = await run.resume(resumption)
    }
  }
  expect(result).toMatchObject({ status: 'success', result: ['pay 50', 'pay 50', 'pay 20'] })
  expect(ran.toSorted()).toEqual(['pay 20', 'pay 50'])
  expect(replays).toMatchObject([{ tool: 'pay', toolCallId: undefined, ranAt: expect.any(Number) }])
})

test.each([1, 3])('equal items that need no approval are one write of the run, %s at a time', async (at) => {
  const { ran, replays, run } = await loopOf('note', at)
  const result = await run.start({ inputData: items })
  expect(result).toMatchObject({ status: 'success', result: ['note 50', 'note 50', 'note 20'] })
  expect(ran.toSorted()).toEqual(['note 20', 'note 50'])
  expect(replays).toHaveLength(1)
})
