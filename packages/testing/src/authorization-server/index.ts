export type {
  ApproveOptions,
  AuthorizationServerControls,
  AuthorizationServerEndpoint,
  ConnectOptions,
  PendingRequest,
} from './controls/authorization-server-controls.ts'
export { createMockAuthorizationServer, type MockAuthorizationServer } from './create-mock-authorization-server.ts'
export type {
  MockAuthorizationServerOptions,
  MockCibaOptions,
  MockClient,
  MockConnection,
  MockResource,
  MockUser,
  VaultToken,
  VaultUpstream,
} from './options.ts'
export type { AuthorizationDetail } from './state.ts'
