// `@behalf/core/roles`: where providers write roles, and why an agent has a scope or lacks it.

export { type AccessReport, type ExplainAccessOptions, explainAccess } from '../guard/explain-access.ts'
export type { ApprovalCase } from '../guard/grantable-scopes.ts'
export { auth0Permissions } from '../roles/auth0-permissions.ts'
export type { ScopeSource } from '../roles/bound-scopes.ts'
export { type EntraRolesOptions, entraRoles } from '../roles/entra-roles.ts'
export {
  type ExplainScopesOptions,
  explainScopes,
  type ScopeExplanation,
  type ScopeReason,
  type ScopeReport,
} from '../roles/explain-scopes.ts'
export { type KeycloakRolesOptions, keycloakRoles } from '../roles/keycloak-roles.ts'
export { type RoleMapOptions, roleMap, type ScopesByRole } from '../roles/map-roles.ts'
export { type OktaGroupsOptions, oktaGroups } from '../roles/okta-groups.ts'
export type { RoleClaim } from '../roles/role-claims.ts'
export type { RoleExtractor, RolesRead } from '../roles/role-extractor.ts'
export type { RoleMap } from '../roles/role-map.ts'
export { scopeReportText } from '../roles/scope-report-text.ts'
