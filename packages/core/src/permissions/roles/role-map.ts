import type { Identity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, scopeList } from '../../base/values/index.ts'

/** Enterprise roles and the scopes that an agent may hold for a user who has them. */
export interface RoleMap {
  /** Returns the user's roles; an absent or malformed claim gives no roles. */
  rolesOf(identity: Identity): readonly string[]
  /** Returns the union of the roles' scopes. An unknown role adds nothing. */
  scopesOf(roles: readonly string[]): ReadonlySet<string>
  /** Returns the reason why the roles could not be read, for the operator, or `undefined` if they could. */
  problemOf?(identity: Identity): string | undefined
  /** The roles that give a scope, for the operator. */
  givenBy?(scope: string): readonly string[]
}

/** The roles that a token lists, or why they cannot be read: then the user has no roles. */
export type RolesRead = readonly string[] | { readonly problem: string }

/** Reads the roles from a verified identity. Pure: the same identity always gives the same roles. */
export type RoleExtractor = (identity: Identity) => RolesRead

/** Place of the user's roles in a verified token. */
export type RoleClaim = string | readonly string[]

/** Checks a claim name or path, and copies it. */
export function claimPath(option: string, claim: RoleClaim): readonly string[] {
  const path = typeof claim === 'string' ? [claim] : claim
  if (!Array.isArray(path) || path.length === 0 || !path.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigurationError(option, "give the claim's name, or the path to it: ['realm_access', 'roles']")
  }
  return [...path]
}

/** Returns the value at a path of claims. Reads own properties only, so that `constructor` is not found by accident. */
export function claimAt(claims: Identity['claims'], path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    return (value as Record<string, unknown>)[name]
  }, claims)
}

/** Returns the roles at a path of claims, or the reason why they cannot be read. */
export function rolesAt(claims: Identity['claims'], path: readonly string[]): RolesRead {
  const value = claimAt(claims, path)
  const name = path.join('.')
  if (value === undefined) return { problem: `the token has no claim ${name}` }
  return isRoleList(value) ? value : { problem: `the claim ${name} is no list of texts` }
}

/** Returns whether a claim is a list of strings. Any other value gives no roles: a half-read claim would be wrong. */
function isRoleList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((role) => typeof role === 'string')
}

/** Returns each role once, frozen. */
function roleList(roles: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(roles)])
}

/** Scopes that each role allows. */
export interface ScopesByRole {
  /** Scopes that an agent may hold for a user with the role. Exact and case-sensitive, without wildcards. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
}

/** Scopes of each role, and the place of the roles: a claim, or a function. */
export type RoleMapOptions =
  | (ScopesByRole & {
      /** Name of the claim that lists the roles, or the path to it: `['realm_access', 'roles']`. */
      readonly claim: RoleClaim
      readonly extract?: never
    })
  | (ScopesByRole & {
      /** Reads the roles from a verified identity: `entraRoles()` or similar, or your own function. Must be pure. */
      readonly extract: RoleExtractor
      readonly claim?: never
    })

interface Known {
  readonly roles: readonly string[]
  readonly problem?: string
}

/**
 * Maps the roles in a verified token to the scopes that an agent may hold for its user.
 *
 * Fails closed: a claim that is absent, or not a list of strings, gives no roles. A role that is not in the map adds
 * nothing, and only scopes in the map are given. Roles are as old as the token that lists them: a removed role ends
 * with the next token. A provider that omits the claim when there are too many roles (Entra's overage) leaves its user
 * without any; `problemOf` says so.
 *
 * @throws ConfigurationError An option is missing or wrong.
 */
export function roleMap(options: RoleMapOptions): RoleMap {
  refuseUnknownKeys('roleMap', options, ['claim', 'extract', 'scopes'])
  const read = readerOf(options)
  const byRole = scopesByRole(options.scopes)
  // Verified identities are frozen, so their roles are read once.
  const known = new WeakMap<Identity, Known>()
  const unions = new WeakMap<readonly string[], ReadonlySet<string>>()

  const knownOf = (identity: Identity): Known => {
    const before = known.get(identity)
    if (before !== undefined) return before
    const now = knownFrom(read(identity))
    if (Object.isFrozen(identity)) known.set(identity, now)
    return now
  }
  const scopesOf = (roles: readonly string[]): ReadonlySet<string> => {
    const before = unions.get(roles)
    if (before !== undefined) return before
    const union = new Set(roles.flatMap((role) => byRole.get(role) ?? []))
    if (Object.isFrozen(roles)) unions.set(roles, union)
    return union
  }
  return Object.freeze({
    rolesOf: (identity: Identity) => knownOf(identity).roles,
    scopesOf,
    problemOf: (identity: Identity) => knownOf(identity).problem,
    givenBy: (scope: string) => [...byRole].filter(([, scopes]) => scopes.includes(scope)).map(([role]) => role),
  })
}

const none: readonly string[] = Object.freeze([])

/** Reads the roles from an app's own extractor, and requires the same form. */
function knownFrom(read: unknown): Known {
  if (isRoleList(read)) return { roles: roleList(read) }
  const problem = typeof read === 'object' && read !== null && 'problem' in read ? read.problem : undefined
  return { roles: none, problem: typeof problem === 'string' ? problem : 'the extractor gave no list of texts' }
}

function readerOf(options: RoleMapOptions): RoleExtractor {
  const { claim, extract } = options
  if ((claim === undefined) === (extract === undefined)) {
    throw new ConfigurationError('roleMap', 'give claim or extract, and not both')
  }
  if (extract !== undefined) {
    if (typeof extract !== 'function') throw new ConfigurationError('roleMap.extract', 'give a function')
    return extract
  }
  const path = claimPath('roleMap.claim', claim as RoleClaim)
  return (identity) => rolesAt(identity.claims, path)
}

/** Returns the scopes by role as a `Map`, so that a role called `__proto__` or `constructor` is safe. */
function scopesByRole(scopes: unknown): ReadonlyMap<string, readonly string[]> {
  if (typeof scopes !== 'object' || scopes === null || Object.keys(scopes).length === 0) {
    throw new ConfigurationError('roleMap.scopes', "name each role's scopes: { trader: ['trade:write'] }")
  }
  return new Map(Object.entries(scopes).map(([role, list]) => [role, scopeList(`roleMap.scopes.${role}`, list)]))
}
