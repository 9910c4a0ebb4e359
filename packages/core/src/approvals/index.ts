export type { StoreKeys } from '../lib/index.ts'
export type {
  Answer,
  ApprovalChannel,
  ApprovalQuestion,
  Asked,
  ChannelBase,
  ChannelContext,
  PolledChannel,
  PushedChannel,
  VerifiedAnswer,
} from './approval-channel.ts'
export { type ApprovalAudit, approvalState } from './approval-state.ts'
export { bindingOf, idempotencyKey, slotKey } from './binding.ts'
export { type CalledBy, type Caller, callerOf, isSameCaller, isSameKind } from './caller.ts'
export { type ApprovalChannels, type ChannelsOptions, channelsByName } from './channels-by-name.ts'
export { type Claim, claimRun } from './claim-run.ts'
export { endForSession, endUnused, replaceQuestion, reportCrash, resolveCrash, shareRun } from './end-run.ts'
export { type Demand, type Entitlement, entitlementOf, misfitOf } from './entitlement.ts'
export { findOrCreateRun, findRun, type StartedRuns, startedRuns } from './find-run.ts'
export { Ledger } from './ledger.ts'
export { openLedger } from './open-ledger.ts'
export { nextReadAt, secondsToPoll } from './poll-times.ts'
export type { Delivery, Entry, RunRecord, StoredQuestion, StoredResult } from './record.ts'
export { isUnused, mayRunAgain } from './record.ts'
export { afterNoes, MAX_ASK_AGAIN_SECONDS, reopen } from './refusals.ts'
export { type Settled, settleRun } from './settle-run.ts'
export { approvalAnswers, isAnswerable, type TakeAnswer, type TakenAnswer, takeAnswer } from './take-answer.ts'
export { createWatcher, type Watcher, type WatcherStatistics } from './watch-approvals.ts'
export type { WatchedAnswer, WatcherOptions } from './watch-options.ts'
export { untilWoken, wake } from './watch-wake.ts'
