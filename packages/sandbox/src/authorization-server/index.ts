export { PROFILES, type RoleShape, roleShapeOf, type SandboxProfile } from './claims/shape-roles.ts'
export type { AuthorizationServerOptions, SandboxConnection, VaultUpstream } from './options.ts'
export { questionName } from './requests/observe.ts'
export type { ServerParts } from './server-context.ts'
export {
  type OpenAuthorizationServer,
  openAuthorizationServer,
  type SandboxAuthorizationServer,
  startAuthorizationServer,
} from './start-authorization-server.ts'
