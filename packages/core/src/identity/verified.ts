import type { AgentIdentity, Identity, UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError, InvalidTokenError } from '../base/errors/index.ts'
import { shared } from '../base/process/shared-state.ts'
import { deepFreeze } from '../base/values/index.ts'
import { subjectOf } from '../oauth/jwt/read-claims.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { Proof } from './subject-token.ts'
import { readActor, readIdentityClaims } from './wire.ts'

/**
 * Returns a copy of an identity, marked as made by a verification (I1), that hides all but issuer and subject from
 * enumeration. Only for the rooms that verify.
 *
 * @throws InvalidTokenError `claims`: they are nested too deep for code that walks through them later.
 */
export function admit<Verified extends Identity>(identity: Verified, proof?: Proof): Verified {
  const admitted = {} as Verified
  for (const [name, value] of Object.entries(identity)) {
    if (!deepFreeze(value, 1)) throw new InvalidTokenError('claims', 'the claims are nested too deep')
    // In a new object: hiding fields that are there already takes twice as long.
    Object.defineProperty(admitted, name, { value, enumerable: shown.includes(name) })
  }
  shared.verified.set(admitted, proof)
  return Object.freeze(admitted)
}

/**
 * Fields that an identity shows when it is enumerated, serialized, cloned or spread. Frameworks copy their values into
 * traces and checkpoints, which need less than the user's claims.
 */
const shown = ['issuer', 'subject']

/**
 * Returns the fields of an identity as a plain object, which does not count as verified. For code that stores or
 * changes it.
 */
export function fieldsOf<Verified extends Identity>(identity: Verified): Verified {
  const fields: Record<string, unknown> = {}
  for (const name of Object.getOwnPropertyNames(identity)) fields[name] = identity[name as keyof Verified]
  return fields as unknown as Verified
}

declare const verified: unique symbol

/** An identity that a verification created. {@link isVerified} distinguishes it from any other object. */
export type VerifiedIdentity = Identity & { readonly [verified]: true }

/** Returns whether a verification created this object. Works across copies of the package. */
export function isVerified(identity: unknown): identity is VerifiedIdentity {
  return shared.verified.has(identity)
}

/** Returns the problem of an object that no verification created, and its remedy. */
export const whyUnverified = (identity: unknown): string =>
  `no verification of @behalf/core returned this identity: ${identity instanceof Promise ? 'await the promise' : 'pass what verifyRequest or signIn returned'}`

/** Returns the error of an option that takes a verified identity only, if it got anything else. For adapters. */
export const identityFault = (option: string, identity: unknown): ConfigurationError | undefined =>
  isVerified(identity) ? undefined : new ConfigurationError(option, whyUnverified(identity))

type Claims = Readonly<Record<string, unknown>>
type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Builds the user of verified claims. The identity is not admitted yet. */
export function buildUser(profile: Profile, claims: Claims, clientId: string | undefined): UserIdentity {
  const subject = subjectOf(profile, claims)
  if (subject === undefined) throw new InvalidTokenError('subject', 'the token names no subject')
  const actor = readActor(claims.act)
  const tenant = profile.token.tenant(claims)
  // Field by field: spreading optional fields costs more than everything else here.
  const user: Mutable<UserIdentity> = { kind: 'user', issuer: profile.issuer, subject, claims }
  if (tenant !== undefined) user.tenant = tenant
  if (clientId !== undefined) user.clientId = clientId
  if (actor !== undefined) user.actor = actor
  return Object.assign(user, readIdentityClaims(claims))
}

/** Builds the client itself, without a user. The identity is not admitted yet. */
export function buildAgent(profile: Profile, claims: Claims, clientId: string): AgentIdentity {
  const tenant = profile.token.tenant(claims)
  const { expiresAt } = readIdentityClaims(claims)
  return {
    kind: 'agent',
    issuer: profile.issuer,
    ...(tenant !== undefined && { tenant }),
    clientId,
    ...(expiresAt !== undefined && { expiresAt }),
    claims,
  }
}
