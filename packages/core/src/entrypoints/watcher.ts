// `@behalf/core/watcher`: follows the open questions of background agents.
export type { ApprovalAudit } from '../runs/approval-state.ts'
export type { WatchedAnswer, WatcherOptions } from '../runs/watch-approvals.ts'
export { createWatcher, type Watcher, type WatcherStatistics } from '../runs/watch-approvals.ts'
