import * as z from 'zod/mini'
import { InvalidTokenError } from '../errors/index.ts'

/** RFC 9449 §6.1. A second method beside it would be one that nobody checked. */
const confirmation = z.strictObject({ jkt: z.string() })

/**
 * Holds a token to the key that it is bound to.
 *
 * @param provedKey - Thumbprint of the key that the caller proved with this very request, if any.
 * @throws InvalidTokenError `binding`: a bound token without its key, or a key without a bound token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7.1 | RFC 9449 §7.1}
 */
export function checkBinding(claims: Readonly<Record<string, unknown>>, provedKey: string | undefined): void {
  if (claims.cnf === undefined) {
    if (provedKey === undefined) return
    throw new InvalidTokenError('binding', 'the token is bound to no key, and came with a proof of one')
  }
  if (provedKey === undefined) {
    throw new InvalidTokenError('binding', 'the token is bound to a key that was not proved')
  }
  const result = confirmation.safeParse(claims.cnf)
  if (result.success && result.data.jkt === provedKey) return
  throw new InvalidTokenError('binding', 'the token is bound to another key than the one that was proved')
}
