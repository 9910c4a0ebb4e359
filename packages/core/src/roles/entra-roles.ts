import type { Identity } from '../contract/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys } from '../lib/index.ts'
import { claimAt, rolesAt } from './role-claims.ts'
import type { RoleExtractor, RolesRead } from './role-extractor.ts'

/** Options of {@link entraRoles}. */
export interface EntraRolesOptions {
  /** Takes groups too, each as `group:` and its object id. @default false */
  readonly groups?: boolean
}

const PREFIX = 'group:'

/**
 * The app roles that Entra writes into a token, by the value that the application gave them; with `groups: true`
 * the user's groups too, as `group:` and the object id.
 *
 * Entra leaves the groups out of the token of a user with more than 200 of them, and points to Graph instead
 * (overage). Who they are is not asked there: such a user has no roles, and the problem says what to do.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference#groups-overage-claim | Overage at Entra}
 */
export function entraRoles(options: EntraRolesOptions = {}): RoleExtractor {
  refuseUnknownKeys('entraRoles', options, ['groups'])
  const { groups = false } = options
  if (typeof groups !== 'boolean') throw new ConfigurationError('entraRoles.groups', 'is true or false')
  return ({ claims }) => {
    const roles = listed(claims, 'roles')
    if (!groups || 'problem' in roles) return roles
    // With groups taken, an app role of such a name would pose as one.
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

/** A user without app roles or groups has no such claim: that is no problem, and no roles. */
function listed(claims: Identity['claims'], name: string): RolesRead {
  return claimAt(claims, [name]) === undefined ? [] : rolesAt(claims, [name])
}

/** `_claim_names` points to Graph, for access and id tokens; `hasgroups` is the implicit flow's word for it. */
function hasOverage(claims: Identity['claims']): boolean {
  const names = claimAt(claims, ['_claim_names'])
  // An object, or the text of one.
  return (
    (names !== undefined && JSON.stringify(names).includes('groups')) || claimAt(claims, ['hasgroups']) !== undefined
  )
}
