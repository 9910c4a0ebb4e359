export {
  type AuthorizationServerOptions,
  type SandboxAuthorizationServer,
  type SandboxConnection,
  startAuthorizationServer,
  type VaultUpstream,
} from './authorization-server/index.ts'
export { type SandboxTargetOptions, sandboxTarget } from './target/index.ts'
