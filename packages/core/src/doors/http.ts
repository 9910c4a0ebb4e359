// `@behalf/core/http`: fetch-style handlers that an app mounts.
export {
  type AskedInApp,
  type CibaPingOptions,
  cibaPing,
  type IdentityOf,
  type InAppApprovalsOptions,
  type InAppInboxOptions,
  inAppApprovals,
  inAppInbox,
  type TakenAnswer,
} from '../http/index.ts'
