import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose'
import { Refusal } from '../http/refusal.ts'
import type { MockClient } from './options.ts'
import type { ServerContext } from './server-context.ts'

export const TOKEN_TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
} as const

const invalidRequest = (description: string) => new Refusal('invalid_request', description)

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
  invalid: (description: string) => Refusal = invalidRequest,
): Promise<JWTPayload & { readonly sub: string }> {
  const typ = { [TOKEN_TYPE.accessToken]: 'at+jwt', [TOKEN_TYPE.jwt]: 'at+jwt', [TOKEN_TYPE.idToken]: 'JWT' }[type]
  if (typ === undefined) throw new Refusal('invalid_request', `${parameter}_type is not taken here: ${type}`)
  const key = await context.key
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [key.publicKey] }), {
    issuer: context.issuer,
    typ,
    algorithms: [key.algorithm],
    requiredClaims: ['sub', 'aud', 'exp'],
    currentDate: new Date(context.clock.now()),
  }).catch(() => {
    throw invalid(`${parameter} is no valid token of this server, or expired`)
  })
  if (context.state.grantsByTokenId.get(payload.jti ?? '')?.revoked) {
    throw invalid(`${parameter} is revoked`)
  }
  return payload as JWTPayload & { readonly sub: string }
}

/** Returns the client that a token was issued to, by this server's claim for it. */
export function clientIdOf(context: ServerContext, claims: JWTPayload): unknown {
  return claims[context.clientIdClaim]
}

/**
 * Checks that this client may send this token. It must be the API that the token was issued for or, if it is no API,
 * the client that the token was issued to.
 */
export function requireOwnAudience(
  context: ServerContext,
  client: MockClient,
  claims: JWTPayload,
  type: string,
  parameter: string,
): void {
  const audience = [claims.aud ?? []].flat()
  const right =
    type === TOKEN_TYPE.idToken
      ? audience.includes(client.clientId)
      : client.api === undefined
        ? clientIdOf(context, claims) === client.clientId
        : audience.includes(client.api)
  if (!right) throw new Refusal('invalid_request', `${parameter} was not issued for client ${client.clientId}`)
}
