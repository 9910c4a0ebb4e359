// `@behalf/core/watcher`: follows the open questions of background agents.
export {
  type ApprovalAudit,
  createWatcher,
  type WatchedAnswer,
  type Watcher,
  type WatcherOptions,
  type WatcherStatistics,
} from '../approvals/index.ts'
