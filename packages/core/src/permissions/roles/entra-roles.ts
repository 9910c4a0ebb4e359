import type { Identity } from '../../base/contract/index.ts'
import { refuseUnknownKeys, requireBoolean } from '../../base/values/index.ts'
import { claimAt, type RoleExtractor, type RolesRead, rolesAt } from './role-map.ts'

/** Options of {@link entraRoles}. */
export interface EntraRolesOptions {
  /** Takes groups too, each as `group:` and its object id. @default false */
  readonly groups?: boolean
}

const PREFIX = 'group:'

/**
 * Reads the app roles that Entra writes into a token, by the value that the application gave them. With `groups: true`,
 * reads the user's groups too, as `group:` and the object id.
 *
 * Entra omits the groups from the token of a user with more than 200 of them, and refers to Graph instead (overage).
 * This function does not ask Graph: such a user has no roles, and the problem says what to do.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference#groups-overage-claim | Overage at Entra}
 */
export function entraRoles(options: EntraRolesOptions = {}): RoleExtractor {
  refuseUnknownKeys('entraRoles', options, ['groups'])
  const { groups = false } = options
  requireBoolean('entraRoles.groups', groups)
  return ({ claims }) => {
    const roles = listed(claims, 'roles')
    if (!groups || 'problem' in roles) return roles
    // If groups are read, an app role with such a name would look like a group.
    if (roles.some((role) => role.startsWith(PREFIX))) return { problem: `an app role begins with ${PREFIX}` }
    if (hasOverage(claims)) {
      return {
        problem:
          'the token leaves the groups out, since the user has too many (overage); ' +
          'use app roles, or let the token hold only the groups that are assigned to the application',
      }
    }
    const ids = listed(claims, 'groups')
    return 'problem' in ids ? ids : [...roles, ...ids.map((id) => `${PREFIX}${id}`)]
  }
}

/**
 * Reads a list of roles. A user without app roles or groups has no such claim: then there are no roles, and no problem.
 */
function listed(claims: Identity['claims'], name: string): RolesRead {
  return claimAt(claims, [name]) === undefined ? [] : rolesAt(claims, [name])
}

/**
 * Returns whether groups are in Graph: `_claim_names` says so in access and id tokens, `hasgroups` in the implicit
 * flow.
 */
function hasOverage(claims: Identity['claims']): boolean {
  const names = claimAt(claims, ['_claim_names'])
  // An object, or its JSON text.
  return (
    (names !== undefined && JSON.stringify(names).includes('groups')) || claimAt(claims, ['hasgroups']) !== undefined
  )
}
