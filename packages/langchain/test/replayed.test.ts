// A call that comes again under its own name, and gets the result of its earlier run.
import type { ToolMessage } from '@langchain/core/messages'
import { type ToolRunnableConfig, tool } from '@langchain/core/tools'
import { expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { Amount, policies, verified, world } from './world.ts'

interface Invocable {
  invoke(call: unknown, config: unknown): Promise<unknown>
}

/** Calls a tool twice, under one name. */
async function twice(result: unknown, over: object = {}) {
  let ran = 0
  const body = () => {
    ran++
    return result as never
  }
  const note = tool(body, { name: 'note', description: 'Notes', schema: Amount, ...over })
  const [one] = guardTools([note], { guard: world().guard(), policies } as never) as readonly unknown[]
  const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } }
  const call = { type: 'tool_call', id: 'call-1', name: 'note', args: { amount: 1 } }
  const first = (await (one as Invocable).invoke({ ...call }, config)) as ToolMessage
  const again = (await (one as Invocable).invoke({ ...call }, config)) as ToolMessage
  expect(ran).toBe(1)
  return { first, again }
}

const replayed = { 'behalf/replayed': { ranAt: expect.any(Number) } }

test.each([
  ['a text', 'noted'],
  ['an object', { id: 'n-1' }],
  ['a list of content', [{ type: 'text', text: 'noted' }]],
  ['a list of other values', [1, 2]],
  ['nothing', undefined],
])('reads the same to the model, and tells the app: %s', async (_, result) => {
  const { first, again } = await twice(result)
  expect(again.content).toEqual(first.content)
  expect(again).toMatchObject({ tool_call_id: 'call-1', name: 'note', status: 'success', metadata: replayed })
  expect(first.metadata).not.toHaveProperty(['behalf/replayed'])
})

test('keeps the artifact and the metadata of the tool', async () => {
  const own = { responseFormat: 'content_and_artifact', metadata: { team: 'desk' } }
  const { first, again } = await twice(['noted', { rows: [1] }], own)
  expect(first).toMatchObject({ content: 'noted', artifact: { rows: [1] }, metadata: { team: 'desk' } })
  expect(again).toMatchObject({ content: 'noted', artifact: { rows: [1] }, metadata: { team: 'desk', ...replayed } })
})

test('tells the code of another tool nothing, which would answer for it', async () => {
  const results: ToolMessage[] = []
  const note = tool(() => 'noted', { name: 'note', description: 'Notes', schema: Amount })
  const [one] = guardTools([note], { guard: world().guard(), policies } as never) as readonly unknown[]
  const outer = tool(
    async ({ amount }, config: ToolRunnableConfig) => {
      results.push((await (one as Invocable).invoke({ amount }, { ...config })) as ToolMessage)
      return 'done'
    },
    { name: 'outer', description: 'x', schema: Amount },
  ) as unknown as Invocable
  const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } }
  for (let times = 0; times < 2; times++) {
    await outer.invoke({ type: 'tool_call', id: 'call-1', name: 'outer', args: { amount: 1 } }, config)
  }
  expect(results.map(({ content }) => content)).toEqual(['noted', 'noted'])
  expect(JSON.stringify(results)).not.toContain('behalf/replayed')
})
