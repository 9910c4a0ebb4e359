export { ToolAuthorizationError } from '@behalf/core'
export { parseInterrupt } from '@behalf/core/interrupts'
export type { ToolAuthorizationCode } from '@behalf/core/spi'
export {
  type DocumentSource,
  type GuardRetrieverOptions,
  guardRetriever,
  type SearchPage,
} from './guard-retriever.ts'
export { guardTools } from './guard-tools.ts'
export type { GuardableTool, GuardToolsOptions, PoliciesFor, ToolInput, ToolName } from './guard-tools-options.ts'
export { type GraphPause, interruptsOf, type PausedState, type PendingInterrupt } from './interrupts-of.ts'
export { type Resumed, type ResumeOptions, resumeWhenResolved } from './resume-when-resolved.ts'
export { toLangChainTools } from './to-langchain-tools.ts'
