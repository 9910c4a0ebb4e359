export type { AuthorizationServerOptions, SandboxConnection, VaultUpstream } from './options.ts'
export {
  openAuthorizationServer,
  type SandboxAuthorizationServer,
  startAuthorizationServer,
} from './start-authorization-server.ts'
