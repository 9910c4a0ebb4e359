import { expect, test } from 'vitest'
import { guardTools, toClaudeTools } from '../src/index.ts'

test('an error names the function that the app called', () => {
  const context = { identity: undefined }
  const wrong = { ...context, idnetity: 1 } as never
  expect(() => toClaudeTools({} as never, [], wrong)).toThrow('toClaudeTools.idnetity: ')
  expect(() => guardTools({} as never, wrong)).toThrow('guardTools.idnetity: ')
  expect(() => toClaudeTools(undefined as never, [], context)).toThrow('toClaudeTools.guard: ')
})
