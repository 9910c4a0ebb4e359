export { auth0Permissions } from './auth0-permissions.ts'
export { boundScopes, type MissingScope, type ScopeBounds, type ScopeSource } from './bound-scopes.ts'
export { type EntraRolesOptions, entraRoles } from './entra-roles.ts'
export {
  type ExplainScopesOptions,
  explainScopes,
  type ScopeExplanation,
  type ScopeReason,
  type ScopeReport,
  scopeReport,
} from './explain-scopes.ts'
export { type KeycloakRolesOptions, keycloakRoles } from './keycloak-roles.ts'
export { type RoleMapOptions, roleMap, type ScopesByRole } from './map-roles.ts'
export { type OktaGroupsOptions, oktaGroups } from './okta-groups.ts'
export type { RoleClaim } from './role-claims.ts'
export type { RoleExtractor, RolesRead } from './role-extractor.ts'
export type { RoleMap } from './role-map.ts'
export { scopeReportText } from './scope-report-text.ts'
