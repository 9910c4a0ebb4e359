import * as z from 'zod/mini'
import type { Actor, AuthorizationDetail } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../base/ports.ts'
import { defined } from '../base/values/index.ts'
import type { TokenProfile } from '../oauth/profiles/profile.ts'

type Claims = Readonly<Record<string, unknown>>

const text = z.string().check(z.minLength(1))

/** Claims that become part of an identity. A claim may be absent, but must not have another type. */
export interface IdentityClaims {
  /** Time of expiry, in epoch seconds. A JWT has it; an introspection answer may omit it (RFC 7662 §2.2). */
  readonly expiresAt?: number
  readonly acr?: string
  /** Epoch seconds. */
  readonly authTime?: number
  readonly sessionId?: string
}

const isTime = (value: unknown) => value === undefined || (typeof value === 'number' && Number.isFinite(value))
const isText = (value: unknown) => value === undefined || (typeof value === 'string' && value !== '')

/**
 * Reads the claims of an identity, field by field without a schema: beside the signature, this is the cost of a
 * verification.
 * @throws InvalidTokenError `claims`
 */
export function readIdentityClaims(claims: Claims): IdentityClaims {
  const { exp, acr, auth_time: authTime, sid } = claims
  if (!isTime(exp) || !isText(acr) || !isTime(authTime) || !isText(sid)) throw malformed(claims)
  const read: { -readonly [Key in keyof IdentityClaims]: IdentityClaims[Key] } = {}
  if (exp !== undefined) read.expiresAt = exp as number
  if (acr !== undefined) read.acr = acr as string
  if (authTime !== undefined) read.authTime = authTime as number
  if (sid !== undefined) read.sessionId = sid as string
  return read
}

/**
 * Returns whether the login is of one of these levels, and not older than `maxAge` seconds. A fact that the token does
 * not state counts as false.
 * @param now - Epoch seconds.
 * @param late - Seconds by which the login may be older, where this is not the server that asked for it.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export function isLoginAsAsked(
  { acr, authTime = Number.NaN }: Pick<IdentityClaims, 'acr' | 'authTime'>,
  { acrValues, maxAge }: { readonly acrValues?: readonly string[] | undefined; readonly maxAge?: number | undefined },
  now: number,
  late = 0,
): boolean {
  if (acrValues !== undefined && !acrValues.some((value) => value === acr)) return false
  // A time in the future does not say how long ago the login was.
  return maxAge === undefined || (authTime <= now + TOLERANCE_SECONDS && now - authTime <= maxAge + late)
}

function malformed(claims: Claims): InvalidTokenError {
  const isRight = { exp: isTime, acr: isText, auth_time: isTime, sid: isText }
  const names = Object.entries(isRight).flatMap(([name, holds]) => (holds(claims[name]) ? [] : [name]))
  return new InvalidTokenError('claims', `the token has malformed claims: ${names.join(', ')}`)
}

/** RFC 8693 §4.1: the claim identifies the actor, and does not make the token valid. */
const actorClaim = z.looseObject({
  sub: text,
  iss: z.optional(text),
  client_id: z.optional(text),
  sub_profile: z.optional(text),
  act: z.optional(z.unknown()),
})

/** Maximum number of actors. A longer chain is refused: a delegation that was passed on so often proves little. */
export const MAX_ACTORS = 5

/**
 * Returns the `act` chain, outermost first, or `undefined` if the token has no `act`.
 * @throws InvalidTokenError `actor`: an actor without a name, or more than five.
 */
export function readActor(act: unknown, depth = 0): Actor | undefined {
  if (act === undefined) return undefined
  if (depth === MAX_ACTORS)
    throw new InvalidTokenError('actor', `the token names more than ${MAX_ACTORS} actors in a row`)
  const result = actorClaim.safeParse(act)
  if (!result.success) throw new InvalidTokenError('actor', 'the act claim names no actor')
  const { sub, iss, client_id: clientId, sub_profile: profile, act: before } = result.data
  const actor = readActor(before, depth + 1)
  return defined({ subject: sub, issuer: iss, clientId, profile, actor })
}

/**
 * Reads the details of a token (RFC 9396 §9.1).
 *
 * @throws InvalidTokenError `claims`
 */
export function readAuthorizationDetails(claims: Claims): readonly AuthorizationDetail[] {
  const result = z.optional(z.array(z.looseObject({ type: text }))).safeParse(claims.authorization_details)
  if (!result.success) throw new InvalidTokenError('claims', 'the token has malformed authorization_details')
  // Unchanged: the schema's copy lacks a field called `__proto__`, and a missing field would approve more.
  return (claims.authorization_details as AuthorizationDetail[] | undefined) ?? []
}

/** Returns the thumbprint of the key that a token is bound to, if there is one (RFC 9449 §6.1). */
export function keyThumbprintOf({ cnf }: Claims): string | undefined {
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return undefined
  return typeof cnf.jkt === 'string' ? cnf.jkt : undefined
}

/** Returns whether the token is bound to a key that its bearer must prove (RFC 7800 §3.1). */
export function isBound(claims: Claims): boolean {
  return claims.cnf !== undefined
}

/** Returns `aud` as a list. A member that is not text becomes an empty text, which matches no audience. */
export function audienceOf(claims: Claims): readonly string[] {
  const { aud } = claims
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) ? aud.map((audience) => (typeof audience === 'string' ? audience : '')) : []
}

/**
 * Returns whether a token is for APIs that were not requested: then the first API could use it there (RFC 8707 §2).
 * Audiences that the provider adds are its own.
 */
export function isForOthers(
  claims: Claims,
  asked: readonly string[],
  { unaskedAudiences = [] }: Pick<TokenProfile, 'unaskedAudiences'>,
): boolean {
  return audienceOf(claims).some((audience) => !asked.includes(audience) && !unaskedAudiences.includes(audience))
}
