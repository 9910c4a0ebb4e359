export {
  createMockStockTrade,
  createStockTradeApi,
  type MockStockTrade,
  type StockTradeApiOptions,
  type StockTradeControls,
  type StockTradeEndpoint,
} from './create-stock-trade-api.ts'
export type { AccountHolder, PortfolioSeed, StockAccount, StockOrder } from './ledger.ts'
