import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys, requireBoolean, requireText } from '../../base/values/index.ts'
import { claimAt, type RoleExtractor, rolesAt } from './role-map.ts'

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
