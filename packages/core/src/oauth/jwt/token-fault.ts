import type * as JoseErrors from 'jose/errors'
import {
  BehalfError,
  InvalidResponseError,
  InvalidTokenError,
  type InvalidTokenReason,
  TransportError,
} from '../../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { withoutSecrets } from '../requests/without-secrets.ts'
import { unknownIssuer, wrongAudience } from './read-claims.ts'

/** Values that a token had to name. */
interface Expected {
  readonly issuer: string
  readonly audience: readonly string[]
}

/** Turns an error of the JWT library into an error of this SDK, with the exact reason. */
export function tokenFault(error: unknown, errors: typeof JoseErrors, expected: Expected): unknown {
  if (BehalfError.isInstance(error)) return error
  const cause = withoutSecrets(error)
  if (error instanceof errors.JWKSTimeout)
    return new TransportError("the issuer's keys did not arrive in time", { cause })
  if (error instanceof errors.JWKSInvalid)
    return new InvalidResponseError("the issuer's key set is malformed", { cause })
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    const { claim, payload } = error
    if (claim === 'iss') return unknownIssuer(payload.iss, expected.issuer, { cause })
    if (claim === 'aud') return wrongAudience(payload.aud, expected.audience, { cause })
  }
  const [reason, message] = explain(error, errors)
  return reason === undefined
    ? new InvalidResponseError(message, { cause })
    : new InvalidTokenError(reason, message, { cause })
}

function explain(error: unknown, errors: typeof JoseErrors): readonly [InvalidTokenReason | undefined, string] {
  if (error instanceof errors.JWTExpired) return ['expired', `the token expired at ${shownTime(error.payload.exp)}`]
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error
    if (reason !== 'check_failed') return ['claims', `the token's ${claim} is ${reason}`]
    if (claim === 'nbf') return ['not_yet_valid', 'the token is not valid yet']
    return ['claims', `the token's ${claim} is not acceptable`]
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return ['algorithm', 'the token is signed with an algorithm that is not accepted']
  if (error instanceof errors.JWSSignatureVerificationFailed) return ['signature', 'the signature does not verify']
  if (error instanceof errors.JOSENotSupported)
    return ['malformed', 'the token needs an extension that is not understood']
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return ['malformed', 'the token is not a well-formed signed JWT']
  }
  return [undefined, "the issuer's key set cannot be used"]
}

/**
 * Refuses a token that was issued in the future: a clock that is behind would accept expired tokens, too.
 * @param now - Epoch seconds.
 */
export function refuseFromFuture(iat: unknown, now: number): void {
  if (!(Number(iat) > now + TOLERANCE_SECONDS)) return
  throw new InvalidTokenError(
    'not_yet_valid',
    `this machine's clock is behind: it shows ${shownTime(now)}, and the token was issued at ${shownTime(iat)}: set it by NTP`,
  )
}

/** @param seconds - Epoch seconds, as a token names them. */
export const shownTime = (seconds: unknown): string =>
  new Date(Math.max(-8.64e12, Math.min(Number(seconds) || 0, 8.64e12)) * 1000).toISOString()
