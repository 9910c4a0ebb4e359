import { expect, test } from 'vitest'
import { guardTools, toAiTools } from '../src/index.ts'

test('an error names the function that the app called', () => {
  const context = { identity: undefined, threadId: 't' }
  const wrong = { ...context, idnetity: 1 } as never
  expect(() => toAiTools({} as never, [], wrong)).toThrow('toAiTools.idnetity: ')
  expect(() => guardTools({} as never, wrong)).toThrow('guardTools.idnetity: ')
  expect(() => toAiTools(undefined as never, [], context)).toThrow('toAiTools.guard: ')
})
