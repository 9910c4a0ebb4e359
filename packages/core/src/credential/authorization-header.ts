import { InvalidTokenError } from '../errors/index.ts'
import { revealToken, type Token } from './token.ts'

/** `Headers` would repeat what it cannot carry in its error, so it is looked at before (RFC 9110 §5.5). */
const visibleAscii = /^[\x21-\x7e]+$/

/** How a token is presented: alone, or with a proof of the key that it is bound to (RFC 9449 §7.1). */
export type AuthorizationScheme = 'Bearer' | 'DPoP'

/** What a request carries to present its token: one place, so that another scheme is one more answer here. */
export function authorizationHeader(token: Token, scheme: AuthorizationScheme): string {
  const value = revealToken(token)
  if (!visibleAscii.test(value)) {
    throw new InvalidTokenError('malformed', 'the token holds characters that no header can carry')
  }
  return `${scheme} ${value}`
}
