import { expect, test } from 'vitest'
import { guardTools, toLangChainTools } from '../src/index.ts'

test('an error names the function that the app called', () => {
  const context = { identity: undefined }
  const wrong = { ...context, idnetity: 1 } as never
  expect(() => toLangChainTools({} as never, [], wrong)).toThrow('toLangChainTools.idnetity: ')
  expect(() => guardTools([] as never, wrong)).toThrow('guardTools.idnetity: ')
  expect(() => toLangChainTools(undefined as never, [], context)).toThrow('toLangChainTools.guard: ')
})
