import { InvalidResponseError } from '../../base/errors/index.ts'
import { defined, isCompactJwt, parsedJson } from '../../base/values/index.ts'
import { revealToken, type Token } from '../../credential/index.ts'
import { withoutTexts } from '../requests/bounded-request.ts'
import type { ReceivedTokens, TokenResponse } from '../server.ts'

/** The parts of a token response. */
export interface TakenTokens {
  /** The same response without the members in `kept`. */
  readonly response: Response
  /** `id_token` and `expires_in` as they came: unverified, and of any type. */
  readonly kept?: Readonly<Record<string, unknown>>
  /** Absent if the response contains no token. */
  readonly tokens?: ReceivedTokens
}

/**
 * Takes the tokens out of a token response before any check.
 *
 * The OAuth library refuses a whole response because of its id_token. A refresh token that rotated would be lost with
 * it. The library also has its own rules for id_tokens, such as its algorithms, and reads `"3e2"` as a lifetime. So it
 * never sees them: the caller verifies the id_token by the profile, and our schema reads the lifetime.
 */
export async function takeTokens(response: Response): Promise<TakenTokens> {
  if (response.status !== 200) return { response }
  const { status, headers } = response
  const text = await response.text()
  const again = (body: string) => new Response(body, { status, headers })
  const json = parsedJson(text)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { response: again(text) }
  const { id_token, expires_in, ...rest } = json as Readonly<Record<string, unknown>>
  const tokens = defined({ accessToken: textOf(rest.access_token), refreshToken: textOf(rest.refresh_token) })
  return {
    response: again(JSON.stringify(rest)),
    kept: defined({ id_token, expires_in }),
    ...(Object.keys(tokens).length > 0 && { tokens }),
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * Refuses a token response that repeats a secret in its type or scopes: messages for the operator quote those (I3).
 * @param sent - Values that were sent: tokens, and proofs of our client.
 * @throws InvalidResponseError
 */
export function refuseRepeated(response: TokenResponse, sent: ReadonlySet<string>): void {
  const { accessToken, refreshToken, idToken, issuedTokenType = '', scopes = [] } = response
  const secrets = [...sent, accessToken, refreshToken ?? '', idToken ?? '']
  if ([issuedTokenType, ...scopes].some((text) => withoutTexts(text, secrets) !== text)) {
    throw new InvalidResponseError('a token response repeats a token where its kind or its scopes stand')
  }
}

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
