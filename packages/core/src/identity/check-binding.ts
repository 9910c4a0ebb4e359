import { InvalidTokenError } from '../base/errors/index.ts'

/** Methods of confirmation that are registered and that we do not check (RFC 7800 §3, RFC 8705 §3.1, RFC 9203 §3.2). */
const uncheckedMethods = ['x5t#S256', 'jwk', 'jwe', 'kid', 'jku', 'osc']

/**
 * Checks a token against the key that it is bound to.
 *
 * Ignores members of `cnf` that no specification has registered: some servers add their own. Refuses a registered
 * method beside `jkt`, since this code does not check it. Refuses a `cnf` without `jkt`: the token is bound, but the
 * key is unknown.
 *
 * @param provedKey - Thumbprint of the key that the caller proved with this request, if any.
 * @throws InvalidTokenError `binding`: a bound token without its key, or a key without a bound token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7800#section-3.1 | RFC 7800 §3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7.1 | RFC 9449 §7.1}
 */
export function checkBinding({ cnf }: Readonly<Record<string, unknown>>, provedKey: string | undefined): void {
  if (cnf === undefined) {
    if (provedKey === undefined) return
    throw refused('the token is bound to no key, and came with a proof of one')
  }
  if (typeof cnf !== 'object' || cnf === null) throw refused('the cnf claim of the token is no object')
  const unchecked = uncheckedMethods.filter((method) => method in cnf)
  if (unchecked.length > 0) {
    throw refused(`the token is bound by ${unchecked.join(', ')}, which is not checked here: only jkt (DPoP) is`)
  }
  const jkt = 'jkt' in cnf ? cnf.jkt : undefined
  if (typeof jkt !== 'string') throw refused('the token is bound to a key that its cnf claim does not name by jkt')
  if (provedKey === undefined) throw refused('the token is bound to a key that was not proved')
  if (jkt !== provedKey) throw refused('the token is bound to another key than the one that was proved')
}

const refused = (message: string) => new InvalidTokenError('binding', message)
