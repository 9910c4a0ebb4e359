import { decodeJwt } from 'jose/jwt/decode'
import {
  type AuthorizationServer,
  type AuthorizationServers,
  checkTokenSize,
  safeCause,
} from '../authorization-server/index.ts'
import { InvalidTokenError } from '../errors/index.ts'

/**
 * The authorization server to verify a token with.
 *
 * `iss` is read unverified, to choose among servers that the app trusts and for nothing else; an issuer
 * that is none of them is refused before any request.
 */
export function selectServer(servers: AuthorizationServers, jwt: string): AuthorizationServer {
  checkTokenSize(jwt)
  const issuer = issuerOf(jwt)
  if (typeof issuer !== 'string' || !servers.knows(issuer)) {
    throw new InvalidTokenError('issuer', `the token is from an issuer that is not known here: ${quote(issuer)}`)
  }
  return servers.of(issuer)
}

function issuerOf(jwt: string): unknown {
  try {
    return decodeJwt(jwt).iss
  } catch (error) {
    throw new InvalidTokenError('malformed', 'the token is not a well-formed signed JWT', { cause: safeCause(error) })
  }
}

/** Whoever made the token wrote this text. */
function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : 'none'
}
