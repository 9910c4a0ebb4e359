import { revealToken, type Token } from './token.ts'

/** What a request carries to prove its token: one place, so that another scheme is one more answer here. */
export function authorizationHeader(token: Token): string {
  return `Bearer ${revealToken(token)}`
}
