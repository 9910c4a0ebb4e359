import { tools as bodies, inputs } from '@behalf/example-stock-agent'
import { createTool } from '@mastra/core/tools'

/** The stock agent's bodies, as tools of Mastra. No token and no identity is in sight here. */
export const tools = {
  get_stock_price: createTool({
    id: 'get_stock_price',
    ...bodies.get_stock_price,
    inputSchema: inputs.get_stock_price,
  }),
  whoami: createTool({ id: 'whoami', ...bodies.whoami, inputSchema: inputs.whoami }),
  get_portfolio: createTool({ id: 'get_portfolio', ...bodies.get_portfolio, inputSchema: inputs.get_portfolio }),
  create_order: createTool({ id: 'create_order', ...bodies.create_order, inputSchema: inputs.create_order }),
  list_orders: createTool({ id: 'list_orders', ...bodies.list_orders, inputSchema: inputs.list_orders }),
}
