import { InvalidResponseError } from '../../base/errors/index.ts'
import { isCompactJwt } from '../../base/values/index.ts'
import { revealToken, type Token } from '../../credential/index.ts'
import type { TokenResponse } from '../server.ts'

/**
 * Checks that an answer contains a new token of the requested type. A token that was sent must not be returned: it was
 * issued to us for ourselves, and would reach another API.
 * @throws InvalidResponseError The token is dropped.
 */
export function checkNewToken(
  { accessToken, issuedTokenType }: Pick<TokenResponse, 'accessToken' | 'issuedTokenType'>,
  asked: {
    readonly handedIn: readonly Token[]
    /**
     * Type of the issued token, as a URI. Absent: the grant is not that of RFC 8693, and its answer has no such type.
     */
    readonly issuedTokenType?: string | undefined
  },
): void {
  if (asked.issuedTokenType !== undefined) {
    // RFC 8693 §2.2.1: required.
    if (issuedTokenType === undefined) throw refused('names no issued_token_type')
    if (issuedTokenType !== asked.issuedTokenType) {
      throw refused(`issued a token of type ${JSON.stringify(issuedTokenType)}, which was not asked for`)
    }
  }
  if (asked.handedIn.some((token) => isSameToken(accessToken, revealToken(token)))) {
    throw refused('returned the token that was to be exchanged')
  }
}

/**
 * Returns whether a reader could treat the two tokens as the same: ignores white space, `Bearer`, padding and the
 * unused bits of a signature.
 */
function isSameToken(answered: string, handedIn: string): boolean {
  if (isCompactJwt(handedIn)) return answered.includes(handedIn.slice(0, handedIn.lastIndexOf('.') + 1))
  return bare(answered) === bare(handedIn)
}

const bare = (token: string): string =>
  token
    .trim()
    .replace(/^bearer\s+/i, '')
    .replace(/=+$/, '')

function refused(what: string): InvalidResponseError {
  return new InvalidResponseError(`the authorization server ${what}; the token was dropped`)
}
