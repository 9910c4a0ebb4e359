// Mastra runs some code again under other names, so that no guard can tell it from another call. The guide says so, and what to
// do in its place.
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { createCodeMode } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { LibSQLStore } from '@mastra/libsql'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { Amount, countedTools } from './counted-tools.ts'
import { call, ScriptedModel } from './scripted-model.ts'

const Anything = z.unknown()
const Prompt = z.object({ prompt: z.string() })

const storage = () => new LibSQLStore({ id: 'storage', url: ':memory:' })

const agentOf = (model: ScriptedModel, over: object) =>
  new Agent({ id: 'trader', name: 'trader', instructions: 'x', model: model as unknown as MastraModelConfig, ...over })

/** A model that writes each time it is asked. */
const writing = () =>
  new ScriptedModel([call('c1', 'note', { amount: 1 })], 'Noted.', [call('c2', 'note', { amount: 1 })], 'Noted.')

/** Fails the first time. */
function failing() {
  let tries = 0
  return async () => {
    if (++tries === 1) throw new Error('the database is away')
    return 'ok'
  }
}

test('an agent in a workflow that is tried again writes again, as the guide warns', async () => {
  const { ran, tools } = await countedTools()
  const agent = agentOf(writing(), { tools: { note: tools.note } })
  const fails = createStep({ id: 'fails', inputSchema: Anything, outputSchema: Anything, execute: failing() })
  const inner = createWorkflow({ id: 'inner', inputSchema: Prompt, outputSchema: Anything })
    .then(createStep(agent))
    .then(fails)
    .commit()
  const retryConfig = { attempts: 2, delay: 1 }
  const outer = createWorkflow({ id: 'outer', inputSchema: Prompt, outputSchema: Anything, retryConfig })
    // Mastra's own type of it does not fit under exactOptionalPropertyTypes.
    .then(inner as never)
    .commit()
  const mastra = new Mastra({ agents: { agent }, workflows: { outer }, storage: storage(), logger: false })
  const run = await mastra.getWorkflow('outer').createRun()
  expect(await run.start({ inputData: { prompt: 'Go' } })).toMatchObject({ status: 'success' })
  expect(ran).toEqual(['note 1', 'note 1'])
})

describe('a step that starts another run, and is tried again', () => {
  async function ranBy(named: boolean) {
    const { ran, tools } = await countedTools()
    const inner = createWorkflow({ id: 'inner', inputSchema: Amount, outputSchema: z.string() })
      .then(createStep(tools.note))
      .commit()
    const fails = failing()
    const own = createStep({
      id: 'own',
      inputSchema: Amount,
      outputSchema: Anything,
      retries: 1,
      async execute({ mastra, inputData, runId }) {
        const run = await mastra.getWorkflow('inner').createRun(named ? { runId: `${runId}/orders` } : {})
        await run.start({ inputData })
        return fails()
      },
    })
    const outer = createWorkflow({ id: 'outer', inputSchema: Amount, outputSchema: Anything }).then(own).commit()
    const mastra = new Mastra({ workflows: { outer, inner }, storage: storage(), logger: false })
    const run = await mastra.getWorkflow('outer').createRun()
    expect(await run.start({ inputData: { amount: 1 } })).toMatchObject({ status: 'success' })
    return ran
  }

  test('writes once where it names that run by its own', async () => {
    expect(await ranBy(true)).toEqual(['note 1'])
  })

  test('writes again where it does not, as the guide warns', async () => {
    expect(await ranBy(false)).toEqual(['note 1', 'note 1'])
  })
})

test('a program of code mode that stops at a question, and is written again, writes again, as the guide warns', async () => {
  const { ran, tools } = await countedTools()
  type Dispatch = (tool: string, input: object) => Promise<unknown>
  const transport = {
    requiresSandbox: false,
    async run({ dispatch }: { readonly dispatch: Dispatch }) {
      try {
        await dispatch('note', { amount: 1 })
        return { success: true, result: await dispatch('pay', { amount: 2 }) }
      } catch (error) {
        return { success: false, error: { message: String(error) } }
      }
    },
  }
  const { tool } = createCodeMode({ tools }, transport)
  const program = { code: 'await external_note({ amount: 1 }); return external_pay({ amount: 2 })' }
  const model = new ScriptedModel([call('c1', tool.id, program)], [call('c2', tool.id, program)])
  const agent = agentOf(model, { tools: { [tool.id]: tool } })
  await agent.generate('Go')
  expect(model.saw).toContain('The user was asked to approve this action')
  expect(ran).toEqual(['note 1', 'note 1'])
})

test('a write runs again where an afterToolCall hook throws after it, as the guide warns', async () => {
  const { ran, tools } = await countedTools()
  const afterToolCall = () => {
    throw new Error('the hook is away')
  }
  const model = new ScriptedModel([call('c1', 'note', { amount: 1 })], [call('c2', 'note', { amount: 1 })])
  await agentOf(model, { tools, hooks: { afterToolCall } }).generate('Go')
  expect(model.saw).toContain('the hook is away')
  expect(ran).toEqual(['note 1', 'note 1'])
})
