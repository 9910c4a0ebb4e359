import { type MockApp, startMockApp } from '@behalf/testing'
import { stockTools } from '@behalf/testing/contract'
import { createTool } from '@mastra/core/tools'
import { onTestFinished } from 'vitest'

const { policies: all, tools: stock } = stockTools()
const { get_stock_price, whoami, create_order } = all

export const policies = { get_stock_price, whoami, create_order }

/** Made again for each process, as an app's modules are. */
export const makeTools = () => ({
  get_stock_price: createTool({ id: 'get_stock_price', ...stock.get_stock_price }),
  whoami: createTool({ id: 'whoami', ...stock.whoami }),
  create_order: createTool({ id: 'create_order', ...stock.create_order }),
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
