import { defineTool } from '@behalf/core'
import { RunContext } from '@openai/agents'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, toOpenAiTools } from '../src/index.ts'
import { world } from './world.ts'

test('an error names the function that the app called', () => {
  const context = { identity: undefined, threadId: 't' }
  const wrong = { ...context, idnetity: 1 } as never
  expect(() => toOpenAiTools({} as never, [], wrong)).toThrow('toOpenAiTools.idnetity: ')
  expect(() => guardTools({} as never, wrong)).toThrow('guardTools.idnetity: ')
  expect(() => toOpenAiTools(undefined as never, [], context)).toThrow('toOpenAiTools.guard: ')
})

test('an error of a call names it, too', async () => {
  const target = await world()
  const look = defineTool({ name: 'look', description: 'Looks.', input: z.strictObject({}), run: () => 'seen' })
  const errors: unknown[] = []
  const tools = toOpenAiTools(target.guard(), [look], {
    identity: await target.login(),
    threadId: () => '',
    onError: (error) => errors.push(error),
  })
  await tools[0]?.needsApproval(new RunContext(), {}, 'call-1')
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('toOpenAiTools.threadId: ') })])
})
