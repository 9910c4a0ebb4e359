import { expect, test } from 'vitest'
import { guardTools, toMcpTools } from '../src/server/index.ts'

test('an error names the function that the app called', () => {
  const wrong = { waitSecond: 1 } as never
  expect(() => toMcpTools({} as never, [], wrong)).toThrow('toMcpTools.waitSecond: ')
  expect(() => guardTools({} as never, wrong)).toThrow('guardTools.waitSecond: ')
  expect(() => toMcpTools(undefined as never, [])).toThrow('toMcpTools.guard: ')
})
