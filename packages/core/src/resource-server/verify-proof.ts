import type { JWTHeaderParameters } from 'jose'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { EmbeddedJWK } from 'jose/jwk/embedded'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { jwtVerify } from 'jose/jwt/verify'
import { type Store, TOLERANCE_SECONDS } from '../base/ports.ts'
import { isCompactJwt, publicKeyProblem, sha256 } from '../base/values/index.ts'
import { orNothing } from '../base/values/plain-json.ts'
import { Lease } from '../records/index.ts'

/**
 * Maximum time that a request may be under way, in seconds. The API may read a body between the checks of token and
 * proof and the use of their results. Used values are remembered longer than this, beyond their own expiry.
 */
const UNDER_WAY_SECONDS = 240

/** Returns whether a token expired so long ago that its use by another request may be forgotten. */
export function hasRunOut(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now - expiresAt > UNDER_WAY_SECONDS
}

/**
 * Additional time for which a used proof is stored, in seconds. A process whose clock is behind accepts a proof for
 * longer: clocks may be 30 s off, in both directions.
 */
const MARGIN_SECONDS = UNDER_WAY_SECONDS + 60

export interface UsedProof {
  readonly thumbprint: string
  readonly jti: string
  /** Epoch seconds. */
  readonly issuedAt: number
}

export interface ProofTimes {
  readonly windowSeconds: number
  /** Epoch seconds. */
  readonly now: number
}

/** Returns whether a request was under way for so long that an earlier use of its proof may be forgotten. */
export function isTooLate({ issuedAt }: UsedProof, { windowSeconds, now }: ProofTimes): boolean {
  return now - issuedAt > windowSeconds + UNDER_WAY_SECONDS
}

/**
 * Returns whether a proof is used here for the first time, and marks it as used.
 *
 * Stores a hash while the proof could be used, and only for proofs with a valid token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-11.1 | RFC 9449 §11.1}
 */
export async function isFirstUse(
  store: Store,
  { thumbprint, jti, issuedAt }: UsedProof,
  { windowSeconds, now }: ProofTimes,
): Promise<boolean> {
  const key = `proof:${await sha256(JSON.stringify([thumbprint, jti]))}`
  const expiresInSeconds = Math.ceil(issuedAt + windowSeconds - now) + MARGIN_SECONDS
  // Never released: the lease ends when the proof can no longer be used.
  return (await Lease.take(store, key, expiresInSeconds)) !== undefined
}

/** Problem of a proof. */
export type ProofFault =
  | 'missing'
  | 'several'
  | 'malformed'
  | 'type'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'claims'
  | 'method'
  | 'url'
  | 'nonce'
  | 'stale'
  | 'early'
  | 'token'

/** Requirements for a proof. */
export interface ExpectedProof {
  readonly method: string
  /** The request's address, as its client knows it. Query and fragment do not count. */
  readonly url: string
  /** Access token of the request. Absent at an authorization server's token endpoint. */
  readonly accessToken?: string
  /** Accepted signature algorithms, asymmetric ones. */
  readonly algorithms: readonly string[]
  /** Maximum age of a proof, in seconds. */
  readonly windowSeconds: number
  /** Epoch seconds. */
  readonly now: number
  /** Returns whether a nonce is one of ours. Absent: no nonce is required. */
  readonly isNonce?: (nonce: string) => Promise<boolean>
}

export type ProofVerdict =
  | {
      readonly ok: true
      /** Thumbprint of the proved key (RFC 7638). */
      readonly thumbprint: string
      readonly jti: string
      /** Epoch seconds. */
      readonly issuedAt: number
      readonly nonce?: string
    }
  | { readonly ok: false; readonly fault: ProofFault }

/** Maximum length of a proof, which contains a key and five claims. */
const MAX_LENGTH = 8192
const MAX_JTI = 512

/** Maximum RSA modulus in bits. It limits the cost of a proof from an unknown caller. */
const MAX_MODULUS_BITS = 4096

const wrong = (fault: ProofFault): ProofVerdict => ({ ok: false, fault })

/**
 * Checks a DPoP proof against a request.
 *
 * Pure but for the clock and nonces that it is given. Does not know whether the proof was used before
 * ({@link isFirstUse}), nor whether the token is bound to the key that was proved.
 *
 * @param proof - The `DPoP` header, as the platform joins several of them.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.3 | RFC 9449 §4.3}
 */
export async function verifyProof(proof: string | null, expected: ExpectedProof): Promise<ProofVerdict> {
  if (proof === null || proof === '') return wrong('missing')
  // 1: several headers arrive joined by commas, which no compact JWS holds.
  if (proof.includes(',')) return wrong('several')
  if (proof.length > MAX_LENGTH || !isCompactJwt(proof)) return wrong('malformed')
  const header = orNothing(() => decodeProtectedHeader(proof) as JWTHeaderParameters)
  if (header === undefined || header.crit !== undefined) return wrong('malformed')
  const fault = headerFault(header, expected.algorithms)
  if (fault !== undefined) return wrong(fault)
  try {
    const options = { algorithms: [...expected.algorithms], currentDate: new Date(expected.now * 1000) }
    // 6: verifies by the key in the header only; ignores `jku`, `x5u` and `kid`.
    const { payload } = await jwtVerify(proof, EmbeddedJWK, { ...options, clockTolerance: TOLERANCE_SECONDS })
    const claim = await claimFault(payload, expected)
    if (claim !== undefined) return wrong(claim)
    return {
      ok: true,
      thumbprint: await calculateJwkThumbprint(header.jwk as object),
      jti: payload.jti as string,
      issuedAt: payload.iat as number,
      ...(typeof payload.nonce === 'string' && { nonce: payload.nonce }),
    }
  } catch (error) {
    // An `exp` or `nbf` of the client's own that does not hold.
    if (error instanceof Error && 'claim' in error) return wrong('claims')
    return wrong('signature')
  }
}

/** Checks 4, 5 and 7 of RFC 9449 §4.3. */
function headerFault({ typ, alg, jwk }: JWTHeaderParameters, algorithms: readonly string[]): ProofFault | undefined {
  if (typ !== 'dpop+jwt') return 'type'
  if (!algorithms.includes(alg)) return 'algorithm'
  return publicKeyProblem(jwk, MAX_MODULUS_BITS) === undefined ? undefined : 'key'
}

/** Checks 3 and 8 to 12 of RFC 9449 §4.3. */
async function claimFault(
  claims: Readonly<Record<string, unknown>>,
  expected: ExpectedProof,
): Promise<ProofFault | undefined> {
  const { jti, htm, htu, iat, ath, nonce } = claims
  const complete = typeof jti === 'string' && jti !== '' && jti.length <= MAX_JTI
  if (!complete || typeof htm !== 'string' || typeof htu !== 'string' || typeof iat !== 'number') return 'claims'
  if (htm !== expected.method) return 'method'
  if (!isHttpUrl(htu) || sameTarget(htu) !== sameTarget(expected.url)) return 'url'
  if (expected.isNonce !== undefined && !(typeof nonce === 'string' && (await expected.isNonce(nonce)))) return 'nonce'
  if (expected.now - iat > expected.windowSeconds) return 'stale'
  if (iat - expected.now > TOLERANCE_SECONDS) return 'early'
  if (expected.accessToken !== undefined && ath !== (await sha256(expected.accessToken))) return 'token'
  return undefined
}

/** A scheme, a host without user information, and characters of RFC 3986 §2: URL parsers correct or drop others. */
const HTTP_URL = /^https?:\/\/([\w.-]+|\[[a-f\d:.]+\])(?::\d*)?(?:[/?#][\w\-.~:/?#[\]@!$&'()*+,;=%]*)?$/i

/** Returns whether text is an absolute address whose host is written literally, and not as another number or escape. */
function isHttpUrl(text: string): boolean {
  const [, host] = HTTP_URL.exec(text) ?? []
  return host !== undefined && URL.canParse(text) && new URL(text).hostname === host.toLowerCase()
}

/**
 * Normalizes an address as in RFC 3986 §6.2.2 and §6.2.3, which RFC 9449 §4.3 requires. The URL parser does the rest.
 */
function sameTarget(address: string): string {
  const { origin, pathname } = new URL(address)
  const path = pathname.replace(/%[0-9a-f]{2}/gi, (code) => {
    const character = String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return /[A-Za-z0-9\-._~]/.test(character) ? character : code.toUpperCase()
  })
  return origin + path
}
