import { base64url, calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from 'jose'
import { epochSeconds } from '../../clock.ts'
import type { Received } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import type { DpopProof } from '../server-facts.ts'

/** Lifetime of a nonce, and maximum difference of `iat`, in seconds. */
const WINDOW = 300

export const DPOP_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519']

/**
 * Verifies the DPoP proof of a request, and accepts it once. `undefined`: the request has none.
 *
 * This server always requires its own nonce, to detect a client that cannot answer `use_dpop_nonce`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.3 | RFC 9449 §4.3}
 */
export async function verifyProof(context: ServerContext, received: Received): Promise<DpopProof | undefined> {
  const proof = received.headers.get('dpop')
  if (proof === null) return undefined
  // §4.3 item 1: two header fields arrive joined by a comma.
  if (proof.includes(',')) throw invalid('more than one proof')
  const now = epochSeconds(context.clock)
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: DPOP_ALGORITHMS,
    currentDate: new Date(context.clock.now()),
  }).catch((cause: unknown) => {
    throw invalid(cause instanceof errors.JOSEError ? cause.message : 'unreadable')
  })
  checkClaims(payload, received, now)
  if (typeof payload.nonce !== 'string' || !(await isOwnNonce(context, payload.nonce, now))) {
    // §8: the error contains the nonce.
    throw new Refusal('use_dpop_nonce', 'the proof must hold a nonce of this server', {
      headers: { 'dpop-nonce': await makeNonce(context, now) },
    })
  }
  const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk as Parameters<typeof calculateJwkThumbprint>[0])
  takeOnce(context, `${thumbprint} ${payload.jti}`, now)
  return { thumbprint }
}

function checkClaims(payload: JWTPayload, received: Received, now: number): void {
  if (typeof payload.jti !== 'string' || typeof payload.iat !== 'number') throw invalid('jti or iat is missing')
  if (Math.abs(now - payload.iat) > WINDOW) throw invalid('iat is not recent')
  if (payload.htm !== received.method) throw invalid('htm is not the method')
  const stated = URL.parse(String(payload.htu))
  if (stated === null || stated.origin + stated.pathname !== received.url.origin + received.url.pathname) {
    throw invalid('htu is not the URL')
  }
}

/** Accepts a proof once for each key, while it could be used again (RFC 9449 §11.1). */
function takeOnce(context: ServerContext, id: string, now: number): void {
  const { proofs } = context.state
  for (const [known, end] of proofs) if (end < now) proofs.delete(known)
  if (proofs.has(id)) throw invalid('jti was used before')
  proofs.set(id, now + 2 * WINDOW)
}

/** Makes a nonce: its time, and a keyed hash of it. */
async function makeNonce({ nonceSecret }: ServerContext, at: number): Promise<string> {
  const key = await crypto.subtle.importKey('raw', nonceSecret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(String(at)))
  return `${at}.${base64url.encode(new Uint8Array(mac))}`
}

async function isOwnNonce(context: ServerContext, nonce: string, now: number): Promise<boolean> {
  const at = Number(nonce.split('.', 1)[0])
  return Math.abs(now - at) <= WINDOW && nonce === (await makeNonce(context, at))
}

function invalid(description: string): Refusal {
  return new Refusal('invalid_dpop_proof', description)
}
