// `@behalf/core/http`: fetch-style handlers that an app mounts.

export { type CibaPingOptions, cibaPing } from '../ciba/ciba-ping.ts'
export type { IdentityOf } from '../identity/present-user.ts'
export { type AskedInApp, type InAppApprovalsOptions, inAppApprovals } from '../runs/channels/in-app-approvals.ts'
export { type InAppInboxOptions, inAppInbox } from '../runs/channels/in-app-inbox.ts'
export type { TakenAnswer } from '../runs/take-answer.ts'
export { type ConnectAccountsOptions, connectAccounts } from '../vault/pages/connect-accounts.ts'
export type { ConnectedAccount } from '../vault/pages/connect-page.ts'
