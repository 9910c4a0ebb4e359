import type * as JoseErrors from 'jose/errors'
import {
  BehalfError,
  InvalidResponseError,
  InvalidTokenError,
  type InvalidTokenReason,
  TransportError,
} from '../errors/index.ts'
import { safeCause } from './safe-cause.ts'

/** Turns what the JWT library throws into one of our faults, with the reason told apart. */
export function tokenFault(error: unknown, errors: typeof JoseErrors): unknown {
  if (BehalfError.isInstance(error)) return error
  const cause = safeCause(error)
  if (error instanceof errors.JWKSTimeout)
    return new TransportError("the issuer's keys did not come in time", { cause })
  if (error instanceof errors.JWKSInvalid)
    return new InvalidResponseError("the issuer's key set is malformed", { cause })
  const [reason, message] = explain(error, errors)
  return reason === undefined
    ? new InvalidResponseError(message, { cause })
    : new InvalidTokenError(reason, message, { cause })
}

function explain(error: unknown, errors: typeof JoseErrors): readonly [InvalidTokenReason | undefined, string] {
  if (error instanceof errors.JWTExpired) return ['expired', 'the token has expired']
  if (error instanceof errors.JWTClaimValidationFailed) return explainClaim(error.claim, error.reason)
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

function explainClaim(claim: string, reason: string): readonly [InvalidTokenReason, string] {
  if (reason !== 'check_failed') return ['claims', `the token's ${claim} is ${reason}`]
  if (claim === 'iss') return ['issuer', 'the token is from another issuer']
  if (claim === 'aud') return ['audience', 'the token is for another audience']
  if (claim === 'nbf') return ['not_yet_valid', 'the token is not valid yet']
  return ['claims', `the token's ${claim} is not acceptable`]
}
