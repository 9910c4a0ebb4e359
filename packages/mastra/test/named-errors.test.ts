import { defineTool } from '@behalf/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, toMastraTools } from '../src/index.ts'
import { world } from './world.ts'

test('an error names the function that the app called', () => {
  const context = { identity: undefined }
  const wrong = { ...context, idnetity: 1 } as never
  expect(() => toMastraTools({} as never, [], wrong)).toThrow('toMastraTools.idnetity: ')
  expect(() => guardTools({} as never, wrong)).toThrow('guardTools.idnetity: ')
  expect(() => toMastraTools(undefined as never, [], context)).toThrow('toMastraTools.guard: ')
})

test('an error of a call names it, too', async () => {
  const target = await world()
  const look = defineTool({ name: 'look', description: 'Looks.', input: z.strictObject({}), run: () => 'seen' })
  const errors: unknown[] = []
  const tools = toMastraTools(target.guard(), [look], {
    identity: (async () => undefined) as never,
    onError: (error) => errors.push(error),
  })
  await Promise.resolve(tools.look.execute?.({}, {} as never)).catch(() => {})
  expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining('toMastraTools.identity: ') })])
})
