export { questionName } from './observe.ts'
export type { AuthorizationServerOptions, SandboxConnection, VaultUpstream } from './options.ts'
export type { ServerParts } from './server-parts.ts'
export { PROFILES, type RoleShape, roleShapeOf, type SandboxProfile } from './shape-roles.ts'
export {
  type OpenAuthorizationServer,
  openAuthorizationServer,
  type SandboxAuthorizationServer,
  startAuthorizationServer,
} from './start-authorization-server.ts'
