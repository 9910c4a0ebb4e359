import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { errors } from 'oidc-provider'
import { clientOf, type ServerContext } from '../server-context.ts'

export const TOKEN_TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
} as const

export type OwnToken = JWTPayload & { readonly sub: string }

const invalidRequest = (description: string): Error => new errors.InvalidRequest(description)

/**
 * Verifies a token of this server that a client sends as proof.
 * @param parameter - Named in the refusal.
 * @param invalid - RFC 8693 §2.2.2: an invalid subject or actor token is `invalid_request`; other grants differ.
 */
export async function verifyOwnToken(
  context: ServerContext,
  token: string,
  type: string,
  parameter: string,
  invalid: (description: string) => Error = invalidRequest,
): Promise<OwnToken> {
  const isIdToken = type === TOKEN_TYPE.idToken
  if (!isIdToken && type !== TOKEN_TYPE.accessToken && type !== TOKEN_TYPE.jwt) {
    throw new errors.InvalidRequest(`${parameter}_type is not taken here: ${type}`)
  }
  const { d: _private, ...publicKey } = context.key
  const verified = await jwtVerify(token, createLocalJWKSet({ keys: [publicKey] }), {
    issuer: context.issuer,
    algorithms: [context.algorithm],
    requiredClaims: ['sub', 'aud', 'exp'],
  }).catch(() => {
    throw invalid(`${parameter} is no valid token of this server, or expired`)
  })
  const { payload, protectedHeader } = verified
  // The library writes no `typ` into id_tokens; an access token always has its own (RFC 9068 §2.1).
  if ((protectedHeader.typ === 'at+jwt') === isIdToken) throw invalid(`${parameter} is a token of another type`)
  const grantId = context.state.grantsByTokenId.get(payload.jti ?? '')
  if (grantId !== undefined && context.records.get('Grant', grantId) === undefined)
    throw invalid(`${parameter} is revoked`)
  return payload as OwnToken
}

/**
 * Checks that this client may send this token. It must be the API that the token was issued for or, if it is no API,
 * the client that the token was issued to.
 */
export function requireOwnAudience(context: ServerContext, clientId: string, claims: JWTPayload, type: string): void {
  const audience = [claims.aud ?? []].flat()
  const api = clientOf(context, clientId)?.api
  const right =
    type === TOKEN_TYPE.idToken
      ? audience.includes(clientId)
      : api === undefined
        ? claims.client_id === clientId
        : audience.includes(api)
  if (!right) throw new errors.InvalidRequest(`subject_token was not issued for client ${clientId}`)
}
