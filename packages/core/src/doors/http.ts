// `@behalf/core/http`: fetch-style handlers that an app mounts.

export type { TakenAnswer } from '../approvals/index.ts'
export {
  type AskedInApp,
  type CibaPingOptions,
  type ConnectAccountsOptions,
  type ConnectedAccount,
  cibaPing,
  connectAccounts,
  type InAppApprovalsOptions,
  type InAppInboxOptions,
  inAppApprovals,
  inAppInbox,
} from '../http/index.ts'
export type { IdentityOf } from '../identity/index.ts'
