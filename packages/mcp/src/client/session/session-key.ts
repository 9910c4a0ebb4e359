import { DpopSession, generateDpopKeyPair } from '@modelcontextprotocol/client'
import { sha256 } from '../../base/digest.ts'
import type { SessionRecords } from './session-records.ts'

/**
 * Returns the key to which this owner's tokens are bound. It is in the store, since the tokens outlive the process. In
 * this process, the key cannot be exported.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-2 | RFC 9449 §2}
 */
export async function openSessionKey(records: SessionRecords): Promise<DpopSession> {
  const jwk = await records.key(async () => {
    const made = await generateDpopKeyPair({ alg: 'ES256', extractable: true })
    return crypto.subtle.exportKey('jwk', made.privateKey)
  })
  const { kty = '', crv = '', x = '', y = '', d = '' } = jwk
  const publicJwk = { kty, crv, x, y }
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const privateKey = await crypto.subtle.importKey('jwk', { ...publicJwk, d }, algorithm, false, ['sign'])
  const publicKey = await crypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify'])
  // RFC 7638 §3: the required members, in this order.
  const thumbprint = await sha256(JSON.stringify({ crv, kty, x, y }))
  return DpopSession.create({ keyPair: { privateKey, publicKey, publicJwk, thumbprint, alg: 'ES256' } })
}
