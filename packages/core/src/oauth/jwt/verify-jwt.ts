import type { JWTHeaderParameters } from 'jose'
import type * as JoseErrors from 'jose/errors'
import type { JWTVerifyGetKey } from 'jose/jwt/verify'
import {
  BehalfError,
  InvalidResponseError,
  InvalidTokenError,
  type InvalidTokenReason,
  TransportError,
} from '../../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { isCompactJwt, shownTime } from '../../base/values/index.ts'
import { jwtLibrary } from '../lazy-libraries.ts'
import type { Profile } from '../profiles/profile.ts'
import { withoutSecrets } from '../requests/bounded-request.ts'
import type { VerifiedJwt, VerifyJwtOptions } from '../server.ts'
import { unknownIssuer, wrongAudience } from './read-claims.ts'

/** Values that a token had to name. */
interface Expected {
  readonly issuer: string
  readonly audience: readonly string[]
}

/** Turns an error of the JWT library into an error of this SDK, with the exact reason. */
function tokenFault(error: unknown, errors: typeof JoseErrors, expected: Expected): unknown {
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

/** Maximum length of a token: most servers limit headers to 16 kB. */
const MAX_TOKEN_LENGTH = 16 * 1024

/** Refuses text that is not a token, before it is decoded. */
export function checkTokenText(jwt: unknown): asserts jwt is string {
  if (typeof jwt !== 'string' || jwt === '') throw new InvalidTokenError('malformed', 'there is no token')
  if (jwt.length > MAX_TOKEN_LENGTH) {
    throw new InvalidTokenError('too_large', `the token is longer than ${MAX_TOKEN_LENGTH} characters`)
  }
  if (!isCompactJwt(jwt)) throw new InvalidTokenError('malformed', 'the token is not a well-formed signed JWT')
}

/**
 * Checks a JWT against keys, profile, audience and `now` (epoch milliseconds).
 *
 * Keys come from `keys` alone: a `jku`, `jwk`, `x5u` or `x5c` in the token is never read.
 */
export async function verifyWithKeys(
  jwt: string,
  keys: JWTVerifyGetKey,
  profile: Pick<Profile, 'issuer' | 'algorithms'>,
  { audience, types, signal, now }: VerifyJwtOptions & { readonly now: number },
): Promise<VerifiedJwt> {
  let type = ''
  const { jwtVerify, errors } = await jwtLibrary()
  try {
    const { payload, protectedHeader } = await jwtVerify(
      jwt,
      // Checks the type first: another kind of token differs everywhere else too, and those errors would explain less.
      (header, token) => {
        type = normaliseType(header.typ)
        checkHeader(header, type, types)
        return keys(header, token)
      },
      {
        issuer: profile.issuer,
        audience: audience as string | string[],
        algorithms: profile.algorithms as string[],
        requiredClaims: ['exp'],
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: new Date(now),
      },
    )
    refuseFromFuture(payload.iat, now / 1000)
    return { claims: payload, algorithm: protectedHeader.alg, ...(type !== '' && { type }) }
  } catch (error) {
    signal?.throwIfAborted()
    throw tokenFault(error, errors, { issuer: profile.issuer, audience: [audience].flat() })
  }
}

function checkHeader({ crit, kid }: JWTHeaderParameters, type: string, types: readonly string[] | undefined): void {
  // RFC 7515 §4.1.11: extensions that we must understand. The library knows `b64`; no JWT may use it (RFC 7797 §7).
  if (crit !== undefined)
    throw new InvalidTokenError('malformed', 'the token needs an extension that is not understood')
  // RFC 7515 §4.1.4.
  if (kid !== undefined && typeof kid !== 'string') {
    throw new InvalidTokenError('malformed', 'the key id (kid) of the token is no text')
  }
  if (types === undefined || types.includes(type)) return
  throw new InvalidTokenError(
    'type',
    `the token's type (typ) ${JSON.stringify(type.slice(0, 50))} is not ${types.map((one) => JSON.stringify(one)).join(' or ')}: ` +
      'give an access token where one is expected, and an id_token where one is',
  )
}

/** Normalizes a media type (RFC 7515 §4.1.9): lower case, without `application/`. */
function normaliseType(typ: unknown): string {
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
}
