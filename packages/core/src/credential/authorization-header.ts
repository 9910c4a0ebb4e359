import { InvalidTokenError } from '../errors/index.ts'
import { revealToken, type Token } from './token.ts'

/** `Headers` would repeat what it cannot carry in its error, so it is looked at before (RFC 9110 §5.5). */
const visibleAscii = /^[\x21-\x7e]+$/

/** What a request carries to prove its token: one place, so that another scheme is one more answer here. */
export function authorizationHeader(token: Token): string {
  const value = revealToken(token)
  if (!visibleAscii.test(value)) {
    throw new InvalidTokenError('malformed', 'the token holds characters that no header can carry')
  }
  return `Bearer ${value}`
}
