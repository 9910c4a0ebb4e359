import { expect, test } from 'vitest'
import { guardTools } from '../../src/index.ts'
import { makeTools, policies, world } from '../world.ts'

test('tools that are guarded already are refused', async () => {
  const target = await world()
  const options = { guard: target.guard(), policies, identity: undefined, threadId: 't' }
  expect(() => guardTools(guardTools(makeTools(), options).tools, options)).toThrow('guarded already')
})
