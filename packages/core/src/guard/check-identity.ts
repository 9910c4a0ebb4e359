import type { Identity } from '../contract/index.ts'
import { isVerified } from '../identity/verified.ts'
import { checkDelegation } from './delegated-work.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, revokedStop, type Stop } from './stop.ts'

/** Clocks differ; a token is not fresh one second and dead the next (DESIGN: JWT times tolerate 30 s). */
const TOLERANCE_SECONDS = 30

/**
 * Step 2: for whom the call is made (I1). Does no I/O.
 *
 * @param now - Epoch milliseconds.
 */
export function checkIdentity(progress: Progress, environment: Environment, now: number): Stop | undefined {
  const { identity } = progress
  if (identity === undefined) return loginRequired('the call has no identity')
  if (!isVerified(identity)) return deny('identity_not_verified', 'no verification made this identity object')
  if (!environment.servers.knows(identity.issuer)) {
    return loginRequired(
      `the identity is of an issuer that this guard does not know: ${JSON.stringify(identity.issuer)}`,
    )
  }
  if (hasExpired(identity, now)) return loginRequired('the proof of the identity has expired')
  const revoked = environment.revocations.find(identity, now)
  if (revoked !== undefined) return revokedStop(revoked)
  const beyond = checkDelegation(identity, progress.invocation.tool, environment)
  if (beyond !== undefined) return beyond
  progress.passed('identity', identity.kind === 'user' ? 'verified user' : 'verified agent, no user')
  return undefined
}

/** @param now - Epoch milliseconds. */
export function hasExpired({ expiresAt }: Identity, now: number): boolean {
  // Stryker disable next-line ConditionalExpression: A comparison with what is absent is false; the clause is for the type.
  return expiresAt !== undefined && now / 1000 >= expiresAt + TOLERANCE_SECONDS
}
