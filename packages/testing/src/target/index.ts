export { mockTarget } from './mock-target.ts'
export type {
  Capability,
  ProtocolTarget,
  TargetAuthorizationServer,
  TargetClient,
  TargetUser,
} from './protocol-target.ts'
export { type MockServers, type MockServersOptions, startMockServers } from './start-mock-servers.ts'
