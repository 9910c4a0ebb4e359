// `@behalf/core/watcher`: follows the open questions of background agents.
export type { ApprovalAudit } from '../runs/approval-state.ts'
export { createWatcher, type Watcher, type WatcherStatistics } from '../runs/watcher/watch-approvals.ts'
export type { WatchedAnswer, WatcherOptions } from '../runs/watcher/watch-options.ts'
