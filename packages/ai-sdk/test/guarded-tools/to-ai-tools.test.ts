import { defineTool } from '@behalf/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { toAiTools } from '../../src/index.ts'
import { world } from '../world.ts'

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

test.each([
  ['one tool where no version tells them apart: a yes to one is used by the other, as the guide warns', undefined],
  ['two tools where their policies have versions: each asks its own question', 'of its own'],
])('two tools of one name under one guard are %s', async (_what, version) => {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const toolOf = (bank: string) =>
    defineTool({
      name: 'pay',
      description: bank,
      input,
      approval: { message: ({ input: { amount } }) => `${bank} pays ${amount}` },
      ...(version !== undefined && { version: bank }),
      run: () => bank,
    })
  const { north, south } = Object.fromEntries(
    ['north', 'south'].map((bank) => [bank, toAiTools(guard, [toolOf(bank)], { identity, threadId: bank })]),
  )
  const approval = async (asked: typeof north) =>
    await asked?.toolApproval.pay({ amount: 1 }, { toolCallId: 'call-1', messages: [] })
  await approval(north)
  const other = JSON.stringify(await approval(south))
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  expect(other).toContain(`${version === undefined ? 'north' : 'south'} pays 1`)
  const call = { toolCallId: 'call-1', messages: [], context: {} }
  expect(await south?.tools.pay.execute?.({ amount: 1 }, call as never)).toBe('south')
  const first = Promise.resolve(north?.tools.pay.execute?.({ amount: 1 }, call as never))
  if (version === undefined) expect(await first).toBe('south')
  else await expect(first).rejects.toMatchObject({ code: 'approval_pending' })
})
