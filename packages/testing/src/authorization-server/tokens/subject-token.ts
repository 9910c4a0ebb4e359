import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { Refusal } from '../../http/refusal.ts'
import type { MockClient } from '../options.ts'
import type { SharedServer } from '../server-facts.ts'

/** Token types that a token exchange names. */
export const TOKEN_TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
} as const

/** Claims of a token of this server. */
export type OwnToken = JWTPayload & { readonly sub: string }

const invalidRequest = (description: string) => new Refusal('invalid_request', description)

/**
 * Verifies a token of this server that a client sends as proof.
 * @param parameter - Named in the refusal.
 * @param invalid - RFC 8693 §2.2.2: an invalid subject or actor token is `invalid_request`; other grants differ.
 */
export async function verifyOwnToken(
  server: SharedServer,
  token: string,
  type: string,
  parameter: string,
  invalid: (description: string) => Refusal = invalidRequest,
): Promise<OwnToken> {
  const typ = { [TOKEN_TYPE.accessToken]: 'at+jwt', [TOKEN_TYPE.jwt]: 'at+jwt', [TOKEN_TYPE.idToken]: 'JWT' }[type]
  if (typ === undefined) throw invalidRequest(`${parameter}_type is not taken here: ${type}`)
  const { publicKey, algorithm } = await server.key
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: [publicKey] }), {
    issuer: server.issuer,
    algorithms: [algorithm],
    requiredClaims: ['sub', 'aud', 'exp'],
    currentDate: new Date(server.clock.now()),
  }).catch(() => {
    throw invalid(`${parameter} is no valid token of this server, or expired`)
  })
  // An id_token may have no `typ`; an access token always has its own (RFC 9068 §2.1).
  if ((protectedHeader.typ ?? 'JWT') !== typ) throw invalid(`${parameter} is a token of another type`)
  if (server.isRevoked(payload.jti ?? '')) throw invalid(`${parameter} is revoked`)
  return payload as OwnToken
}

/**
 * Checks that this client may send this subject token. It must be the API that the token was issued for or, if it is no
 * API, the client that the token was issued to.
 */
export function requireOwnAudience(server: SharedServer, client: MockClient, claims: JWTPayload, type: string): void {
  const audience = [claims.aud ?? []].flat()
  const right =
    type === TOKEN_TYPE.idToken
      ? audience.includes(client.clientId)
      : client.api === undefined
        ? claims[server.clientIdClaim] === client.clientId
        : audience.includes(client.api)
  if (!right) throw invalidRequest(`subject_token was not issued for client ${client.clientId}`)
}
