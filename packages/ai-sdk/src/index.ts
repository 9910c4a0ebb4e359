export { ToolAuthorizationError } from '@behalf/core'
export { parseInterrupt } from '@behalf/core/interrupts'
export type { ToolAuthorizationCode } from '@behalf/core/spi'
export { type ApprovalStatusOptions, approvalStatus } from './approval-status.ts'
export { guardTools } from './guard-tools.ts'
export type {
  GuardedTools,
  GuardToolsOptions,
  PoliciesFor,
  Replay,
  ToolApprovalFunction,
  ToolInput,
} from './guarded-tools.ts'
export { interruptsOf, type PendingInterrupt } from './interrupts-of.ts'
export type { ShownMessage, ShownPart } from './pending-approvals.ts'
export { type Resumed, type ResumeOptions, resumeWhenResolved } from './resume-when-resolved.ts'
export { type AiTools, toAiTools } from './to-ai-tools.ts'
