export { checkLifetime } from './longest-grant.ts'
export { provenAtOf } from './proven-at.ts'
export { Revocations, type RevokedProof } from './revocations.ts'
export type { Revoked } from './revoked.ts'
