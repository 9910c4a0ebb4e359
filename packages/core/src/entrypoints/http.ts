// `@behalf/core/http`: fetch-style handlers that an app mounts.

export type { IdentityOf } from '../caller/identity/present-user.ts'
export type { TakenAnswer } from '../consent/approvals/take-answer.ts'
export { type CibaPingOptions, cibaPing } from '../consent/http/ciba-ping.ts'
export { type ConnectAccountsOptions, connectAccounts } from '../consent/http/connect-accounts.ts'
export type { ConnectedAccount } from '../consent/http/connect-parts.ts'
export { type AskedInApp, type InAppApprovalsOptions, inAppApprovals } from '../consent/http/in-app-approvals.ts'
export { type InAppInboxOptions, inAppInbox } from '../consent/http/in-app-inbox.ts'
