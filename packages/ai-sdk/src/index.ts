export {
  type GuardedTools,
  type GuardToolsOptions,
  guardTools,
  type PoliciesFor,
  type ToolApprovalFunction,
} from './guard-tools.ts'
export { interruptsOf, type PendingInterrupt } from './interrupts-of.ts'
export { parseInterrupt } from './parse-interrupt.ts'
export { type ResumeOptions, resumeWhenResolved } from './resume-when-resolved.ts'
export { type ToolAuthorizationCode, ToolAuthorizationError } from './tool-authorization-error.ts'
