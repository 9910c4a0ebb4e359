// `@behalf/core/roles`: where providers write roles, and why an agent has a scope or lacks it.

export { type AccessReport, type ExplainAccessOptions, explainAccess } from '../guard/methods/explain-access.ts'
export type { ApprovalCase } from '../guard/steps/grantable-scopes.ts'
export type { ScopeSource } from '../permissions/roles/bound-scopes.ts'
export {
  type ExplainScopesOptions,
  explainScopes,
  type ScopeExplanation,
  type ScopeReason,
  type ScopeReport,
  scopeReportText,
} from '../permissions/roles/explain-scopes.ts'
export {
  auth0Permissions,
  type EntraRolesOptions,
  entraRoles,
  type KeycloakRolesOptions,
  keycloakRoles,
  type OktaGroupsOptions,
  oktaGroups,
} from '../permissions/roles/provider-roles.ts'
export {
  type RoleClaim,
  type RoleExtractor,
  type RoleMap,
  type RoleMapOptions,
  type RolesRead,
  roleMap,
  type ScopesByRole,
} from '../permissions/roles/role-map.ts'
