import { describe, expect, test } from 'vitest'
import { movesNumbers } from '../../../src/base/display/text-direction.ts'

describe('movesNumbers', () => {
  test.each([
    ['a right-to-left name before an amount, in a left-to-right sentence', 'Pay Bob and אבא 50 shares', true],
    ['half of the words, with a left-to-right one first', 'Pay אבא 50', true],
    ['most of the words, with a left-to-right one first', 'Pay אבא אמא 50', true],
    ['half of the words, with a right-to-left one first', 'אבא 50 now', false],
    ['a right-to-left sentence', 'שלם לאבא 50 now', false],
    ['a right-to-left name after the amount', 'Pay 50 shares to אבא', false],
    ['no right-to-left letter', 'Pay Bob 50 shares', false],
    ['no text', '', false],
  ])('of %s', (_, text, moved) => {
    expect(movesNumbers(text)).toBe(moved)
  })

  test.each(['؟', '؟ ', '\u0600'])('of a long text of %j, in time that grows as the text does', (sign) => {
    const began = performance.now()
    expect(movesNumbers(sign.repeat(20_000))).toBe(false)
    expect(movesNumbers(`Pay ${sign.repeat(20_000)} 5`)).toBe(true)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})
