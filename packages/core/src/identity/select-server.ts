import { readIssuer, unknownIssuer } from '../authorization-server/read-issuer.ts'
import type { AuthorizationServer, AuthorizationServers } from '../authorization-server/server.ts'
import { checkTokenText } from '../authorization-server/verify-jwt.ts'

/**
 * The authorization server to verify a token with.
 *
 * Among several, `iss` is read unverified to choose one; an issuer that is none of them is refused before
 * any request. Where there is but one, nothing is to be chosen, and the server itself makes no request for
 * a token of another.
 */
export function selectServer(servers: AuthorizationServers, jwt: string): AuthorizationServer {
  // It looks at the text itself, before it decodes a byte of it.
  if (servers.sole !== undefined) return servers.sole
  checkTokenText(jwt)
  const issuer = readIssuer(jwt)
  if (typeof issuer !== 'string' || !servers.knows(issuer)) throw unknownIssuer(issuer)
  return servers.of(issuer)
}
