export { type SignedLink, type SignedLinkOptions, signedLinkApprovals } from './signed-link-approvals.ts'
