// `@behalf/core/http`: fetch-style handlers that an app mounts.

export type { TakenAnswer } from '../approvals/take-answer.ts'
export { type CibaPingOptions, cibaPing } from '../http/ciba-ping.ts'
export { type ConnectAccountsOptions, connectAccounts } from '../http/connect-accounts.ts'
export type { ConnectedAccount } from '../http/connect-parts.ts'
export { type AskedInApp, type InAppApprovalsOptions, inAppApprovals } from '../http/in-app-approvals.ts'
export { type InAppInboxOptions, inAppInbox } from '../http/in-app-inbox.ts'
export type { IdentityOf } from '../identity/identity-of.ts'
