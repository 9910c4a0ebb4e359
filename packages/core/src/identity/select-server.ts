import { readIssuer, unknownIssuer } from '../oauth/jwt/read-claims.ts'
import { checkTokenText } from '../oauth/jwt/verify-jwt.ts'
import type { AuthorizationServer, AuthorizationServers } from '../oauth/server.ts'

/**
 * Returns the authorization server that verifies a token.
 *
 * Among several servers, reads `iss` unverified to choose one, and refuses an untrusted issuer before any request. With
 * one server there is no choice, and the server itself makes no request for a token of another issuer.
 */
export function selectServer(servers: AuthorizationServers, jwt: string): AuthorizationServer {
  // The server checks the text itself before it decodes it.
  if (servers.sole !== undefined) return servers.sole
  checkTokenText(jwt)
  const issuer = readIssuer(jwt)
  if (typeof issuer !== 'string' || !servers.knows(issuer)) throw unknownIssuer(issuer)
  return servers.of(issuer)
}
