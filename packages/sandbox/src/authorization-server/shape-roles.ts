import { createHash } from 'node:crypto'
import type { MockUser } from '@behalf/testing'

/** Whose way of writing roles and groups tokens follow. */
export type SandboxProfile = 'oidc' | 'auth0' | 'okta' | 'entra' | 'keycloak'

export const PROFILES = ['oidc', 'auth0', 'okta', 'entra', 'keycloak'] as const satisfies readonly SandboxProfile[]

/** What a provider writes of a user's roles and groups. */
export interface RoleShape {
  /** Claims that may appear, in id_tokens too. */
  readonly claims: readonly string[]
  write(user: MockUser): Readonly<Record<string, unknown>>
}

/** Auth0 adds roles by an action, under a name of the tenant's own. */
const NAMESPACED = 'https://behalf.example/roles'

/** What a role may do at the Stock Trade API, as Auth0's RBAC writes it into access tokens. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  trader: ['portfolio:read', 'trade:write', 'trade:small'],
  viewer: ['portfolio:read'],
}

/** Made-up users have roles; their groups are of the same names. */
const SHAPES: Readonly<Record<SandboxProfile, RoleShape>> = {
  oidc: { claims: ['roles'], write: ({ roles }) => (roles === undefined ? {} : { roles }) },
  auth0: {
    claims: [NAMESPACED, 'permissions'],
    write: ({ roles = [] }) => ({
      [NAMESPACED]: roles,
      permissions: [...new Set(roles.flatMap((role) => PERMISSIONS[role] ?? []))],
    }),
  },
  okta: { claims: ['groups'], write: ({ roles = [] }) => ({ groups: ['Everyone', ...roles] }) },
  entra: {
    claims: ['roles', 'groups'],
    // A user without app roles has no such claim.
    write: ({ roles = [] }) => ({ ...(roles.length > 0 && { roles }), groups: roles.map(guidOf) }),
  },
  keycloak: {
    claims: ['realm_access', 'resource_access', 'groups'],
    write: ({ roles = [] }) => ({
      realm_access: { roles: ['offline_access', 'uma_authorization', ...roles] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      groups: roles.map((role) => `/${role}`),
    }),
  },
}

export function roleShapeOf(profile: SandboxProfile): RoleShape {
  return SHAPES[profile]
}

/** Entra names groups by object id: the same one for the same group, in each sandbox. */
function guidOf(name: string): string {
  const hex = createHash('sha256').update(`group:${name}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
