export { revocableName, revocableNames } from './index-names.ts'
export { provenAtOf } from './proven-at.ts'
export { checkLifetime, Revocations, type RevokedProof } from './revocations.ts'
export { concerns, nameOf, type Revoked } from './revoked.ts'
