// A saved run that is restored and run again: its call gets the result of its earlier run.
import { RunToolCallOutputItem, tool } from '@openai/agents'
import { expect, test } from 'vitest'
import { type AnyTool, guardTools, restoreRun, saveRun } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { agentOf, approved, optionsFor, resumed, runner, threadId, transfers } from './world.ts'

const dataOf = (items: readonly unknown[]) =>
  items.flatMap((item) => (item instanceof RunToolCallOutputItem ? [item.customData] : []))

test.each(['with', 'without'])('tells the app in the output item, %s data of the tool itself', async (how) => {
  const { guard, identity, target } = await optionsFor()
  const { done, bare: _, policies } = transfers()
  const transfer = tool({
    name: 'transfer',
    description: 'Transfers an amount',
    parameters: { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] } as never,
    strict: false,
    errorFunction: null,
    execute: async (input: unknown) => {
      done.push((input as { readonly amount: number }).amount)
      return 'transferred'
    },
    ...(how === 'with' && { customDataExtractor: ({ output }: { readonly output: unknown }) => ({ own: output }) }),
  }) as AnyTool
  const tools = () =>
    Object.values(guardTools({ transfer }, { guard, policies: policies as never, identity, threadId }))
  const own = how === 'with' ? { own: 'transferred' } : {}
  const agent = agentOf(new ScriptedModel([call('call-1', 'transfer', { amount: 1 })]), { tools: tools() })
  const saved = saveRun(await runner.run(agent, 'Transfer 1'))
  await approved(target)
  const seen = []
  for (let times = 0; times < 2; times++) {
    const again = agentOf(new ScriptedModel('Done.'), { tools: tools() })
    const { state } = await resumed(await restoreRun(again, saved), { guard, identity })
    const { newItems } = await runner.run(again, state)
    seen.push(...dataOf(newItems))
  }
  expect(done).toEqual([1])
  expect(seen).toEqual([how === 'with' ? own : undefined, { ...own, 'behalf/replayed': { ranAt: expect.any(Number) } }])
})
