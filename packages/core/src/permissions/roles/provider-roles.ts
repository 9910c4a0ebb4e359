import type { Identity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, requireBoolean, requireText } from '../../base/values/index.ts'
import { claimAt, claimPath, type RoleClaim, type RoleExtractor, type RolesRead, rolesAt } from './role-map.ts'

const path = ['permissions']

/**
 * Reads the permissions that Auth0 writes into an access token, if the API has RBAC on, with "Add Permissions in the
 * Access Token". Without the second, the token has no such claim, and its user has no roles here.
 * @see {@link https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis | RBAC for APIs at Auth0}
 */
export function auth0Permissions(): RoleExtractor {
  return ({ claims }) => rolesAt(claims, path)
}

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

/** Options of {@link keycloakRoles}. */
export interface KeycloakRolesOptions {
  /** Takes the realm's roles, by their names. @default true */
  readonly realm?: boolean
  /** Clients whose roles are read, by a short name of yours: `{ trade: 'https://api.example.com/' }`. @default none */
  readonly clients?: Readonly<Record<string, string>>
}

/**
 * Reads the roles that Keycloak writes into an access token: realm roles by their names, roles of a client as `short
 * name:role`.
 *
 * A realm role with the name of a client's role would be ambiguous: then its user has no roles.
 *
 * @throws ConfigurationError An option is unknown or wrong, or excludes all roles.
 * @see {@link https://www.keycloak.org/docs/latest/server_admin/#assigning-permissions-using-roles-and-groups | Roles at Keycloak}
 */
export function keycloakRoles(options: KeycloakRolesOptions = {}): RoleExtractor {
  refuseUnknownKeys('keycloakRoles', options, ['realm', 'clients'])
  const { realm = true, clients = {} } = options
  requireBoolean('keycloakRoles.realm', realm)
  const taken = Object.entries(clients).map(([name, clientId]) => ({
    prefix: prefixOf(name),
    path: ['resource_access', requireText(`keycloakRoles.clients.${name}`, clientId), 'roles'],
  }))
  if (!realm && taken.length === 0) throw new ConfigurationError('keycloakRoles', 'give realm: true or a client')
  return ({ claims }) => {
    const ofRealm = realm ? rolesAt(claims, ['realm_access', 'roles']) : []
    if ('problem' in ofRealm) return ofRealm
    if (ofRealm.some((role) => taken.some(({ prefix }) => role.startsWith(prefix)))) {
      return { problem: 'a realm role is called like a role of a client' }
    }
    const all = [...ofRealm]
    for (const { prefix, path } of taken) {
      // A user without roles at a client is not in its list.
      const isListed = claimAt(claims, path.slice(0, 2)) !== undefined
      const roles = isListed ? rolesAt(claims, path) : []
      if ('problem' in roles) return roles
      all.push(...roles.map((role) => `${prefix}${role}`))
    }
    return all
  }
}

function prefixOf(name: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) {
    throw new ConfigurationError(`keycloakRoles.clients.${name}`, 'give a short name of letters, digits, - and _')
  }
  return `${name}:`
}

/** Options of {@link oktaGroups}. */
export interface OktaGroupsOptions {
  /** Name of the claim at the authorization server. @default 'groups' */
  readonly claim?: RoleClaim
}

/**
 * Reads the groups that Okta writes into a token, from a claim that is configured at the authorization server.
 *
 * Let the claim's filter name a prefix of the agent's own groups: with more than 100 groups Okta refuses the whole
 * token. Group administrators can rename groups.
 *
 * @throws ConfigurationError The claim's name is empty.
 * @see {@link https://developer.okta.com/docs/guides/customize-tokens-groups-claim/main/ | Groups claims at Okta}
 */
export function oktaGroups(options: OktaGroupsOptions = {}): RoleExtractor {
  refuseUnknownKeys('oktaGroups', options, ['claim'])
  const path = claimPath('oktaGroups.claim', options.claim ?? 'groups')
  return ({ claims }) => rolesAt(claims, path)
}
