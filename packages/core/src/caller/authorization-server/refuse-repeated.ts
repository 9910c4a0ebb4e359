import { InvalidResponseError } from '../../base/errors/index.ts'
import type { TokenResponse } from './server.ts'

/**
 * Refuses a token response that repeats a secret in its type or scopes: messages for the operator quote those (I3).
 * @param sent - Values that were sent: tokens, and proofs of our client.
 * @throws InvalidResponseError
 */
export function refuseRepeated(response: TokenResponse, sent: ReadonlySet<string>): void {
  const { accessToken, refreshToken, idToken, issuedTokenType = '', scopes = [] } = response
  const secrets = [...sent, accessToken, refreshToken, idToken]
  const isSecret = (text: string) =>
    secrets.some((secret) => secret !== undefined && isLong(secret) && text.includes(secret))
  if ([issuedTokenType, ...scopes].some(isSecret)) {
    throw new InvalidResponseError('a token response repeats a token where its kind or its scopes stand')
  }
}

/** A shorter value is no secret, and may be a part of any word. */
const isLong = ({ length }: string): boolean => length >= 6
