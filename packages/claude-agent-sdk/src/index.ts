export { guardTools, interruptsOf } from './guard-tools.ts'
export type {
  AnyTool,
  BuiltInOptions,
  GuardContext,
  GuardedTools,
  GuardToolsOptions,
  PendingCall,
  PoliciesFor,
  ToolInput,
} from './guard-tools-options.ts'
export { type QueryArguments, queryWith } from './query-with.ts'
export { type Resumed, type ResumeOptions, resumeWhenResolved } from './resume-when-resolved.ts'
export { toClaudeTools } from './to-claude-tools.ts'
