export { ToolAuthorizationError } from '@behalf/core'
export { parseInterrupt } from '@behalf/core/interrupts'
export type { ToolAuthorizationCode } from '@behalf/core/spi'
export { type ApprovalStatusOptions, approvalStatus } from './approvals/approval-status.ts'
export { type Resumed, type ResumeOptions, resumeWhenResolved } from './approvals/resume-when-resolved.ts'
export { guardTools } from './guarded-tools/guard-tools.ts'
export type {
  GuardedTools,
  GuardToolsOptions,
  PoliciesFor,
  Replay,
  ToolApprovalFunction,
  ToolInput,
} from './guarded-tools/guard-tools-options.ts'
export { type AiTools, toAiTools } from './guarded-tools/to-ai-tools.ts'
export { interruptsOf, type PendingInterrupt } from './messages/interrupts-of.ts'
export type { ShownMessage, ShownPart } from './messages/pending-approvals.ts'
