import { InvalidTokenError } from '../../base/errors/index.ts'
import { isScopeToken } from '../../base/values/index.ts'
import type { TokenProfile } from '../profiles/profile.ts'

type Claims = Readonly<Record<string, unknown>>
type Scopes = readonly string[]

/**
 * Reads the scopes that a server writes, in an answer or in a token: a text separated by spaces (RFC 6749 §3.3), or a
 * list with one scope in each item.
 *
 * @returns `undefined` for an absent value, `'unreadable'` for any other form.
 */
export function readScopes(value: unknown): Scopes | 'unreadable' | undefined {
  if (value === undefined) return undefined
  const scopes: unknown = typeof value === 'string' ? value.split(' ').filter(Boolean) : value
  return Array.isArray(scopes) && scopes.every(isScopeToken) ? scopes : 'unreadable'
}

/**
 * Returns the scopes of a verified token; none where it names none.
 *
 * @throws InvalidTokenError `claims`: they cannot be read.
 */
export function tokenScopes({ scopes: claimOf }: Pick<TokenProfile, 'scopes'>, claims: Claims): Scopes {
  const scopes = readScopes(claimOf(claims))
  if (scopes !== 'unreadable') return scopes ?? []
  throw new InvalidTokenError(
    'claims',
    'the scopes of the token cannot be read: they are no text and no list of scopes',
  )
}

/** The scopes of a token that was issued to us, as each of the parties names them. */
export interface ScopesOfGrant {
  /** Scopes that were sent with the request. Absent: the server chose. */
  readonly asked?: Scopes | undefined
  /** Named by the answer. Absent: as asked (RFC 6749 §5.1). */
  readonly answered?: Scopes | undefined
  /** Verified claims of the token. Absent: the token is opaque. */
  readonly claims?: Claims | undefined
}

/**
 * Returns the actual scopes of a token issued to us: those requested, those that the answer names and those that the
 * token names. Every grant uses this one check.
 *
 * Additional scopes, in the answer or in the token, are a problem. So is a token that has more scopes than its answer
 * says, or unreadable scopes. Scopes that the provider adds to every token (`unaskedScopes`) are ignored.
 *
 * @returns `scopes` is `undefined` if no party names any; `problem` completes "the authorization server …".
 */
export function grantedScopes(
  { scopes: claimOf, unaskedScopes = [] }: Pick<TokenProfile, 'scopes' | 'unaskedScopes'>,
  { asked, answered, claims }: ScopesOfGrant,
): { readonly scopes: Scopes | undefined } | { readonly problem: string } {
  const inToken = claims && readScopes(claimOf(claims))
  if (inToken === 'unreadable') return { problem: 'issued a token whose scopes cannot be read' }
  const isAdded = (scope: string) => unaskedScopes.includes(scope) && asked?.includes(scope) !== true
  const [told, held] = [answered, inToken].map((scopes) => scopes?.filter((scope) => !isAdded(scope)))
  const unasked = beyond([...(told ?? []), ...(held ?? [])], asked)
  if (unasked !== undefined) return { problem: `granted scopes that were not asked for: ${unasked}` }
  const untold = beyond(held ?? [], told)
  if (untold !== undefined) return { problem: `issued a token with scopes that its answer does not name: ${untold}` }
  const all = asked ?? told ?? held
  return { scopes: all?.filter((scope) => told?.includes(scope) !== false && held?.includes(scope) !== false) }
}

/** Returns the scopes outside a limit, quoted for a message. */
function beyond(scopes: Scopes, bound: Scopes | undefined): string | undefined {
  const surplus = [...new Set(scopes)].filter((scope) => bound?.includes(scope) === false)
  return surplus.length > 0 ? JSON.stringify(surplus.join(' ')) : undefined
}
