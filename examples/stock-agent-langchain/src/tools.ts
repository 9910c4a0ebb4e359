import { inputs, tools as stock } from '@behalf/example-stock-agent'
import { tool } from '@langchain/core/tools'

/** The stock agent's tools in LangChain's form: the same bodies, descriptions and schemas. */
export const tools = [
  tool(stock.get_stock_price.execute, {
    name: 'get_stock_price',
    description: stock.get_stock_price.description,
    schema: inputs.get_stock_price,
  }),
  tool(stock.whoami.execute, { name: 'whoami', description: stock.whoami.description, schema: inputs.whoami }),
  tool(stock.get_portfolio.execute, {
    name: 'get_portfolio',
    description: stock.get_portfolio.description,
    schema: inputs.get_portfolio,
  }),
  tool(stock.create_order.execute, {
    name: 'create_order',
    description: stock.create_order.description,
    schema: inputs.create_order,
  }),
  tool(stock.list_orders.execute, {
    name: 'list_orders',
    description: stock.list_orders.description,
    schema: inputs.list_orders,
  }),
] as const
