// `@behalf/core/watcher`: follows the open questions of background agents.
export type { ApprovalAudit } from '../approvals/approval-state.ts'
export { createWatcher, type Watcher, type WatcherStatistics } from '../approvals/watch-approvals.ts'
export type { WatchedAnswer, WatcherOptions } from '../approvals/watch-options.ts'
