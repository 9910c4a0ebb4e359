import { createHash } from 'node:crypto'
import type { MockUser } from '@behalf/testing'

/** Provider whose form of roles and groups tokens have. */
export type SandboxProfile = 'oidc' | 'auth0' | 'okta' | 'entra' | 'keycloak'

export const PROFILES = ['oidc', 'auth0', 'okta', 'entra', 'keycloak'] as const satisfies readonly SandboxProfile[]

/** Form of a user's roles and groups at a provider. */
export interface RoleShape {
  /** Claims that may appear, in id_tokens too. */
  readonly claims: readonly string[]
  write(user: MockUser): Readonly<Record<string, unknown>>
}

/** Auth0 adds roles by an action, under a name of the tenant's own. */
const NAMESPACED = 'https://behalf.example/roles'

/** Permissions of a role at the Stock Trade API, as Auth0's RBAC writes them into access tokens. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  trader: ['portfolio:read', 'trade:write', 'trade:small'],
  viewer: ['portfolio:read'],
}

/** Maximum number of groups that Entra writes into a JWT. If there are more, it writes none. */
const MOST_GROUPS = 200

/** Client at which the users have roles, in Keycloak's form: the agent's. */
const CLIENT = 'stock-agent'

/** Forms by provider. The users have roles of the realm and of the client; their groups have the same names. */
const SHAPES: Readonly<Record<SandboxProfile, RoleShape>> = {
  oidc: { claims: ['roles'], write: ({ roles }) => (roles === undefined ? {} : { roles }) },
  auth0: {
    // Permissions are only in access tokens.
    claims: [NAMESPACED],
    write: ({ roles = [] }) => ({
      [NAMESPACED]: roles,
      permissions: [...new Set(roles.flatMap((role) => PERMISSIONS[role] ?? []))],
    }),
  },
  okta: { claims: ['groups'], write: ({ roles = [] }) => ({ groups: ['Everyone', ...roles] }) },
  entra: {
    claims: ['roles', 'groups', '_claim_names', '_claim_sources'],
    // A user without app roles, or without groups, has no such claim.
    write: ({ subject, roles = [] }) =>
      roles.length === 0 ? {} : { roles, ...(roles.length > MOST_GROUPS ? overageOf(subject) : groupsOf(roles)) },
  },
  keycloak: {
    claims: ['realm_access', 'resource_access', 'groups'],
    write: ({ roles = [] }) => ({
      realm_access: { roles: ['offline_access', 'uma_authorization', ...roles] },
      resource_access: {
        ...(roles.length > 0 && { [CLIENT]: { roles } }),
        account: { roles: ['manage-account', 'view-profile'] },
      },
      groups: roles.map((role) => `/${role}`),
    }),
  },
}

export function roleShapeOf(profile: SandboxProfile): RoleShape {
  return SHAPES[profile]
}

const groupsOf = (roles: readonly string[]) => ({ groups: roles.map(guidOf) })

/** @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference#groups-overage-claim | Overage at Entra} */
function overageOf(subject: string) {
  const endpoint = `https://graph.microsoft.com/v1.0/users/${guidOf(subject)}/getMemberObjects`
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } }
}

/** Returns the object id by which Entra names a group: the same one for the same group, in each sandbox. */
function guidOf(name: string): string {
  const hex = createHash('sha256').update(`group:${name}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
