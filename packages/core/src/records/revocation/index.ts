export { checkLifetime, Revocations, type RevokedProof } from './revocations.ts'
export { concerns, nameOf, provenAtOf, type Revoked, revocableName, revocableNames } from './revoked.ts'
