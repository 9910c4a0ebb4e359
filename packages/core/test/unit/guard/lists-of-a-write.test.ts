import { expect, test } from 'vitest'
import { tapped } from '../runs/harness.ts'
import { asks, smallWorld, writes } from './small-world.ts'

test.each([
  ['a new write looks for equal runs that started where it makes its run, and before and after its claim', writes, 3],
  ['a new question, where it is drafted', asks, 1],
] as const)('%s', async (_, rules, times) => {
  const { guard, call, store } = smallWorld()
  const lists: string[] = []
  const counted = tapped(store, (operation, key, next) => {
    if (operation === 'list' && key.startsWith('started:')) lists.push(key)
    return next()
  })
  await guard({ store: counted }).run(rules as typeof writes, call(), () => 'ran')
  expect(lists).toHaveLength(times)
})
