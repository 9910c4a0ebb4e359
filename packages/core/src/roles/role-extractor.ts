import type { Identity } from '../contract/index.ts'

/** The roles that a token lists, or why they cannot be known: then there are none. */
export type RolesRead = readonly string[] | { readonly problem: string }

/** Reads the roles from a verified identity. Pure: the same identity always gives the same roles. */
export type RoleExtractor = (identity: Identity) => RolesRead
