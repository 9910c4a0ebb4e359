export { Revocations, type Revoked } from '../approvals/index.ts'
