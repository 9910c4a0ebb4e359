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
export { type SignedLink, type SignedLinkOptions, signedLinkApprovals } from './channels/index.ts'
export { type Fault, Faults } from './http/faults.ts'
export type { Received } from './http/received.ts'
export { type LoggedRequest, RequestLog } from './http/request-log.ts'
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
  createNotificationInbox,
  type LoginOptions,
  type LoginTarget,
  type LoginTokens,
  login,
  type MadeUpWorld,
  type MockApp,
  type MockServers,
  type MockServersOptions,
  makeWorld,
  mockTarget,
  type NotificationInbox,
  type ProfileChanges,
  type ProtocolTarget,
  profileOf,
  signIn,
  startMockApp,
  startMockServers,
  type TargetAuthorizationServer,
  type TargetClient,
  type TargetNotification,
  type TargetUser,
  type WorldPlaces,
} from './target/index.ts'
export { TestingError } from './testing-error.ts'
