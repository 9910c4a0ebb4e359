import type { Identity } from '../../base/contract/index.ts'

/** The roles that a token lists, or why they cannot be read: then the user has no roles. */
export type RolesRead = readonly string[] | { readonly problem: string }

/** Reads the roles from a verified identity. Pure: the same identity always gives the same roles. */
export type RoleExtractor = (identity: Identity) => RolesRead
