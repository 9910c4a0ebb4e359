import { type RoleExtractor, rolesAt } from './role-map.ts'

const path = ['permissions']

/**
 * Reads the permissions that Auth0 writes into an access token, if the API has RBAC on, with "Add Permissions in the
 * Access Token". Without the second, the token has no such claim, and its user has no roles here.
 * @see {@link https://auth0.com/docs/get-started/apis/enable-role-based-access-control-for-apis | RBAC for APIs at Auth0}
 */
export function auth0Permissions(): RoleExtractor {
  return ({ claims }) => rolesAt(claims, path)
}
