export { ToolAuthorizationError } from '@behalf/core'
export { parseInterrupt } from '@behalf/core/interrupts'
export type { ToolAuthorizationCode } from '@behalf/core/spi'
export { guardTools } from './guard-tools.ts'
export type { AnyTool, GuardToolsOptions, PoliciesFor, Replay, ToolInput } from './guard-tools-options.ts'
export {
  interruptsOf,
  type PendingCall,
  type PendingStep,
  type SuspendedRuns,
  type WorkflowEnd,
} from './interrupts-of.ts'
export {
  type CallResumption,
  type Resumed,
  type ResumeOptions,
  resumeWhenResolved,
  type StepResumption,
} from './resume-when-resolved.ts'
export { type MastraTools, toMastraTools } from './to-mastra-tools.ts'
export type { WakeUp } from './wake-up.ts'
