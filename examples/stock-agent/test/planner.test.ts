import { describe, expect, test } from 'vitest'
import { scriptedPlanner } from '../src/planner.ts'

const plan = (prompt: string) => scriptedPlanner(prompt, { portfolio: 'p-ann' })
const order = (side: string, quantity: number, symbol: string, portfolio = 'p-ann') => ({
  kind: 'call',
  tool: 'create_order',
  input: { portfolio, side, symbol, quantity },
})
const call = (tool: string, input: object) => ({ kind: 'call', tool, input })

describe('reads', () => {
  test.each([
    ['What is AAPL trading at?', call('get_stock_price', { symbol: 'AAPL' })],
    ['what’s the price of msft', call('get_stock_price', { symbol: 'MSFT' })],
    ['How much is NVDA worth?', call('get_stock_price', { symbol: 'NVDA' })],
    ['Who am I?', call('whoami', {})],
    ['Show me my portfolio', call('get_portfolio', { portfolio: 'p-ann' })],
    ["Show me Bob's portfolio", call('get_portfolio', { portfolio: 'p-bob' })],
    ['I am Bob. Show me portfolio p-bob', call('get_portfolio', { portfolio: 'p-bob' })],
    ['List my orders', call('list_orders', { portfolio: 'p-ann' })],
    ['Buy 50 shares of AAPL', order('buy', 50, 'AAPL')],
    ['Please sell 20 MSFT.', order('sell', 20, 'MSFT')],
    ['buy 1,000 shares of goog for portfolio p-bob', order('buy', 1000, 'GOOG', 'p-bob')],
  ])('%s', (prompt, wanted) => {
    expect(plan(prompt)).toEqual(wanted)
  })
})

test.each(['Hello', 'What is the weather worth knowing?', ''])('answers %j in words', (prompt) => {
  expect(plan(prompt)).toMatchObject({ kind: 'say' })
})
