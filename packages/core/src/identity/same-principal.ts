import type { Identity } from '../contract/index.ts'

/** Whether two identities stand for the same user, or for the same agent without a user. Logins and actors may differ. */
export function isSamePrincipal(left: Identity, right: Identity): boolean {
  if (left === right) return true
  if (left.issuer !== right.issuer || left.tenant !== right.tenant) return false
  if (left.kind === 'user') return right.kind === 'user' && left.subject === right.subject
  return right.kind !== 'user' && left.clientId === right.clientId
}
