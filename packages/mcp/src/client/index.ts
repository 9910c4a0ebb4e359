export { clientMetadataHandler } from './client-metadata.ts'
export type { ClientRegistration, McpSessionOptions } from './client-options.ts'
export { createMcpSession, type McpSession } from './create-mcp-session.ts'
export type { DeviceSignInOptions } from './device-sign-in.ts'
export { interruptsOf } from './interrupts-of.ts'
export { type LoopbackSignIn, type LoopbackSignInOptions, loopbackSignIn } from './loopback-sign-in.ts'
export {
  type AccessOptions,
  type EmployeeAccessOptions,
  employeeAccess,
  type MachineAccessOptions,
  type McpAccess,
  machineAccess,
} from './machine-access.ts'
export { SignInError, type SignInProblem } from './sign-in-error.ts'
export { withSignIn } from './with-sign-in.ts'
