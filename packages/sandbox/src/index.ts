export {
  type AuthorizationServerOptions,
  type SandboxAuthorizationServer,
  type SandboxConnection,
  type SandboxProfile,
  startAuthorizationServer,
  type VaultUpstream,
} from './authorization-server/index.ts'
export {
  type CheckStatus,
  type DoctorNeed,
  type DoctorOptions,
  type DoctorReport,
  type Finding,
  runDoctor,
} from './doctor/index.ts'
export type {
  AnsweredEvent,
  ApiEvent,
  AskedEvent,
  AuditedEvent,
  CheckedEvent,
  FaultEvent,
  GuardFaultEvent,
  RefusedEvent,
  RequestEvent,
  RequestFacts,
  SandboxEvent,
  SandboxIssuer,
  SignedInEvent,
  TokenEvent,
  TokenFacts,
} from './events/index.ts'
export {
  type Sandbox,
  type SandboxFault,
  type SandboxGuardOptions,
  type SandboxOptions,
  type SandboxPerson,
  type SandboxSettings,
  startSandbox,
} from './start/index.ts'
export { type SandboxSeed, type SandboxTargetOptions, type SeedUser, sandboxTarget } from './target/index.ts'
