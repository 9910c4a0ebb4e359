// `@behalf/core/roles`: where providers write roles, and why an agent has a scope or lacks it.

export { type AccessReport, type ExplainAccessOptions, explainAccess } from '../calls/guard/explain-access.ts'
export type { ApprovalCase } from '../calls/guard/grantable-scopes.ts'
export { auth0Permissions } from '../rights/roles/auth0-permissions.ts'
export type { ScopeSource } from '../rights/roles/bound-scopes.ts'
export { type EntraRolesOptions, entraRoles } from '../rights/roles/entra-roles.ts'
export {
  type ExplainScopesOptions,
  explainScopes,
  type ScopeExplanation,
  type ScopeReason,
  type ScopeReport,
} from '../rights/roles/explain-scopes.ts'
export { type KeycloakRolesOptions, keycloakRoles } from '../rights/roles/keycloak-roles.ts'
export { type RoleMapOptions, roleMap, type ScopesByRole } from '../rights/roles/map-roles.ts'
export { type OktaGroupsOptions, oktaGroups } from '../rights/roles/okta-groups.ts'
export type { RoleClaim } from '../rights/roles/role-claims.ts'
export type * from '../rights/roles/role-map.ts'
export { scopeReportText } from '../rights/roles/scope-report-text.ts'
