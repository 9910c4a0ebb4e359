import { expect, test } from 'vitest'
import { measure, quantile } from '../bench/measure.ts'

test('quantiles', () => {
  expect(quantile([5, 1, 3], 0.5)).toBe(3)
  expect(quantile([4, 1, 2, 3], 0.25)).toBe(2)
  expect(quantile([1], 0.75)).toBe(1)
})

test('tells more work from less', async () => {
  const work = (times: number) => () => {
    let sum = 0
    for (let index = 0; index < times; index++) sum += Math.sqrt(index)
    return sum
  }
  const { run, peer, ratio, over } = await measure(work(10_000), work(100), { rounds: 5, steadySpells: 0 })
  expect(run).toBeGreaterThan(peer)
  expect(ratio).toBeGreaterThan(10)
  expect(over).toBeGreaterThan(0)
})

test('counts a call once, however many are under way', async () => {
  const wait = () => new Promise((resolve) => setTimeout(resolve, 2))
  const alone = await measure(wait, wait, { rounds: 3, steadySpells: 0 })
  const together = await measure(wait, wait, { rounds: 3, steadySpells: 0, concurrency: 50 })
  expect(together.run * 10).toBeLessThan(alone.run)
})
