import { tools as bodies, inputs } from '@behalf/example-stock-agent'
import { tool } from 'ai'

/** The stock agent's bodies, as tools of the AI SDK. No token and no identity is in sight here. */
export const tools = {
  get_stock_price: tool({ ...bodies.get_stock_price, inputSchema: inputs.get_stock_price }),
  whoami: tool({ ...bodies.whoami, inputSchema: inputs.whoami }),
  get_portfolio: tool({ ...bodies.get_portfolio, inputSchema: inputs.get_portfolio }),
  create_order: tool({ ...bodies.create_order, inputSchema: inputs.create_order }),
  list_orders: tool({ ...bodies.list_orders, inputSchema: inputs.list_orders }),
}
