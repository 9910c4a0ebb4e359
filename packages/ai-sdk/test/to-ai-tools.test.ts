import { defineTool } from '@behalf/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { toAiTools } from '../src/index.ts'
import { world } from './world.ts'

const input = z.strictObject({ amount: z.number() })
const pay = defineTool({ name: 'pay', description: 'Pays.', input, run: ({ amount }) => amount })
const tail = defineTool({
  name: 'tail',
  description: 'Streams.',
  input,
  async *run({ amount }) {
    yield amount
    yield amount + 1
  },
})

test('a tool that is defined with an async generator streams, and another returns its result', async () => {
  const target = await world()
  const identity = await target.login()
  const { tools } = toAiTools(target.guard(), [pay, tail], { identity, threadId: 'thread' })
  const execution = (toolCallId: string) => ({ toolCallId, messages: [], context: {} })
  expect(await tools.pay.execute?.({ amount: 1 }, execution('call-1') as never)).toBe(1)
  const streamed = tools.tail.execute?.({ amount: 1 }, execution('call-2') as never) as unknown as AsyncIterable<number>
  const values: number[] = []
  for await (const value of streamed) values.push(value)
  expect(values).toEqual([1, 2])
})
