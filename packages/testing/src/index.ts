export {
  type ApproveOptions,
  type AuthorizationDetail,
  type AuthorizationServerControls,
  type AuthorizationServerEndpoint,
  type ConnectOptions,
  createMockAuthorizationServer,
  type MockAuthorizationServer,
  type MockAuthorizationServerOptions,
  type MockCibaOptions,
  type MockClient,
  type MockConnection,
  type MockResource,
  type MockUser,
  type PendingRequest,
  type VaultToken,
  type VaultUpstream,
} from './authorization-server/index.ts'
export type { Fault } from './http/faults.ts'
export type { LoggedRequest } from './http/request-log.ts'
export {
  createMockOpenFga,
  type FgaTuple,
  type MockOpenFga,
  type MockOpenFgaOptions,
  type OpenFgaControls,
  type OpenFgaEndpoint,
} from './open-fga/index.ts'
export {
  type AccountHolder,
  createMockStockTrade,
  createStockTradeApi,
  type MockStockTrade,
  type PortfolioSeed,
  type StockAccount,
  type StockOrder,
  type StockTradeApiOptions,
  type StockTradeControls,
  type StockTradeEndpoint,
} from './stock-trade/index.ts'
export {
  type Capability,
  type MockServers,
  type MockServersOptions,
  mockTarget,
  type ProtocolTarget,
  startMockServers,
  type TargetAuthorizationServer,
  type TargetClient,
  type TargetUser,
} from './target/index.ts'
export { TestingError } from './testing-error.ts'
