export {
  type AccessOptions,
  type EmployeeAccessOptions,
  employeeAccess,
  type MachineAccessOptions,
  type McpAccess,
  machineAccess,
} from './access-providers.ts'
export type { ClientRegistration, McpSessionOptions } from './client-options.ts'
export { interruptsOf } from './interrupts-of.ts'
export { clientMetadataHandler } from './registration/client-metadata.ts'
export { createMcpSession, type McpSession } from './session/create-mcp-session.ts'
export type { DeviceSignInOptions } from './sign-in/device-sign-in.ts'
export { type LoopbackSignIn, type LoopbackSignInOptions, loopbackSignIn } from './sign-in/loopback-sign-in.ts'
export { SignInError, type SignInProblem } from './sign-in/sign-in-error.ts'
export { withSignIn } from './sign-in/with-sign-in.ts'
