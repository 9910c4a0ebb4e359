export { type LoginOptions, type LoginTarget, type LoginTokens, login, signIn } from './login.ts'
export { type MadeUpWorld, makeWorld, type WorldPlaces } from './make-world.ts'
export { mockTarget } from './mock-target.ts'
export { createNotificationInbox, type NotificationInbox } from './notification-inbox.ts'
export { type ProfileChanges, profileOf } from './profile-of.ts'
export type {
  Capability,
  ProtocolTarget,
  TargetAuthorizationServer,
  TargetClient,
  TargetNotification,
  TargetUser,
} from './protocol-target.ts'
export { setupFetchServer } from './setup-fetch-server.ts'
export { type MockApp, startMockApp } from './start-mock-app.ts'
export { type MockServers, type MockServersOptions, startMockServers } from './start-mock-servers.ts'
