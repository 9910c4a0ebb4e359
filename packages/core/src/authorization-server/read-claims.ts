import type { Profile } from './profile.ts'

type Claims = Readonly<Record<string, unknown>>

/** A claim that is a text with something in it, or nothing. */
export function textClaim(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Who a token is about, in the form that all tokens of the provider share. */
export function subjectOf({ token }: Pick<Profile, 'token'>, claims: Claims): string | undefined {
  return token.subject === undefined ? textClaim(claims, 'sub') : token.subject(claims)
}
