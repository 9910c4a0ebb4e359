import type { Identity } from '../contract/index.ts'

/** Enterprise roles and the scopes that an agent may hold for whoever has them. */
export interface RoleMap {
  /** The user's roles; an absent or malformed claim is no roles at all. */
  rolesOf(identity: Identity): readonly string[]
  /** The union of what the roles allow. An unknown role adds nothing. */
  scopesOf(roles: readonly string[]): ReadonlySet<string>
}
