import type { Identity, Invocation } from '../../base/contract/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { isVerified, whyUnverified } from '../../identity/verified.ts'
import { clientAt } from '../../oauth/authorization-servers.ts'
import type { RevokedProof } from '../../records/revocation/index.ts'
import type { IdentifiedCall } from '../call/call.ts'
import type { Finding } from '../call/call-report.ts'
import { deny, loginRequired, type Refusal, revokedRefusal } from '../call/refusal.ts'
import type { Callers } from '../guard-parts.ts'
import { delegationRefusal } from './delegation-refusal.ts'

/**
 * Checks that the identity is verified, fresh, of a known issuer and not revoked, and that this agent may use it (I1).
 * Does no I/O.
 *
 * @param now - Epoch milliseconds.
 * @param revoked - What `Revocations` found about the identity, where it is verified.
 */
export function identify(
  { identity, tool }: Pick<Invocation, 'identity' | 'tool'>,
  callers: Callers,
  now: number,
  revoked: RevokedProof | undefined,
): Finding<Pick<IdentifiedCall, 'identity'>> | Refusal {
  if (identity === undefined) return loginRequired('the call has no identity')
  if (!isVerified(identity)) return deny('identity_not_verified', whyUnverified(identity))
  const { servers, agent } = callers
  if (!servers.knows(identity.issuer)) {
    return loginRequired(`this guard does not know the issuer of the identity: ${JSON.stringify(identity.issuer)}`)
  }
  if (hasExpired(identity, now)) return loginRequired('the proof of the identity has expired')
  if (revoked !== undefined) return revokedRefusal(revoked)
  const refusal = delegationRefusal(identity, tool, agent.name, () => clientAt(servers, identity.issuer))
  if (refusal !== undefined) return refusal
  const detail = identity.kind === 'user' ? 'verified user' : 'verified agent, no user'
  return { facts: { identity }, detail }
}

/** @param now - Epoch milliseconds. */
export function hasExpired({ expiresAt }: Identity, now: number): boolean {
  // Stryker disable next-line ConditionalExpression: A comparison with `undefined` is false.
  return expiresAt !== undefined && now / 1000 >= expiresAt + TOLERANCE_SECONDS
}
