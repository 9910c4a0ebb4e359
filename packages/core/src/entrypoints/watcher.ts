// `@behalf/core/watcher`: follows the open questions of background agents.
export type { ApprovalAudit } from '../consent/approvals/approval-state.ts'
export { createWatcher, type Watcher, type WatcherStatistics } from '../consent/approvals/watch-approvals.ts'
export type { WatchedAnswer, WatcherOptions } from '../consent/approvals/watch-options.ts'
