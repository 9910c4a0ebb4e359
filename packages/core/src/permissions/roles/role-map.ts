import type { Identity } from '../../base/contract/index.ts'

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
