import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { askBy, openPhone } from './phone-http.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())
beforeEach(() => sandbox.target.reset())

const pageOf = async (details: unknown, message?: string) => {
  await askBy(sandbox, 'ann', message, details)
  return (await openPhone(sandbox, 'ann')).read()
}

describe('the phone shows what was asked, exactly', () => {
  test.each([
    [0.0004, '0.0004 shares'],
    [1e-7, '0.0000001 shares'],
    [1, '1 share'],
    [1e21, '1000000000000000000000 shares'],
  ])('an order of %d', async (quantity, text) => {
    const page = await pageOf([{ type: 'stock_order', side: 'buy', symbol: 'AAPL', quantity }])
    expect(page).toContain(text)
    expect(page).not.toContain('about $0.00')
  })

  test('line breaks, hidden and turned characters of keys and values are seen', async () => {
    const page = await pageOf([{ type: 'stock_order', 'to\u200B': 'Bob\u202E\nEve', amount: 1e-7, currency: 'EUR' }])
    expect(page).toContain('To[U+200B]')
    expect(page).toContain('Bob[U+202E]⏎Eve')
    expect(page).toContain('0.0000001 EUR')
  })
})
