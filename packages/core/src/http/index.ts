export { type CibaPingOptions, cibaPing } from './ciba-ping.ts'
export { type AskedInApp, type InAppApprovalsOptions, inAppApprovals } from './in-app-approvals.ts'
export { type InAppInboxOptions, inAppInbox, type TakenAnswer } from './in-app-inbox.ts'
