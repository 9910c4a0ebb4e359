export { type BoundScopes, boundScopes, type MissingScope, type ScopeBounds, type ScopeSource } from './bound-scopes.ts'
export { type RoleMapOptions, roleMap, type ScopesByRole } from './map-roles.ts'
export type { RoleClaim } from './role-claims.ts'
export type { RoleMap } from './role-map.ts'
