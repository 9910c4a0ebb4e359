import { type MockApp, startMockApp } from '@behalf/testing'
import { stockTools } from '@behalf/testing/contract'
import { tool } from 'ai'
import { onTestFinished } from 'vitest'

const { policies: all, tools: stock } = stockTools()
const { get_stock_price, whoami, create_order } = all

export const policies = { get_stock_price, whoami, create_order }

/** Made again for each process, as an app's modules are. */
export const makeTools = () => ({
  get_stock_price: tool(stock.get_stock_price),
  whoami: tool(stock.whoami),
  create_order: tool(stock.create_order),
})

export interface World extends MockApp {
  orders(portfolio?: string): Promise<number>
}

/** All servers, one store, and a clock that the test moves. Ends with the test. */
export async function world(): Promise<World> {
  const app = await startMockApp()
  onTestFinished(() => app.close())
  return {
    ...app,
    orders: async (portfolio = 'p-ann') => (await app.stockTrade.controls.orders(portfolio)).length,
  }
}
