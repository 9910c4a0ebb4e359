// `@behalf/core/roles`: where providers write roles, and why an agent has a scope or lacks it.

export { type AccessReport, type ExplainAccessOptions, explainAccess } from '../guard/explain-access.ts'
export type { ApprovalCase } from '../guard/grantable-scopes.ts'
export {
  auth0Permissions,
  type EntraRolesOptions,
  type ExplainScopesOptions,
  entraRoles,
  explainScopes,
  type KeycloakRolesOptions,
  keycloakRoles,
  type OktaGroupsOptions,
  oktaGroups,
  type RoleExtractor,
  type RolesRead,
  type ScopeExplanation,
  type ScopeReason,
  type ScopeReport,
  type ScopeSource,
  scopeReportText,
} from '../roles/index.ts'
