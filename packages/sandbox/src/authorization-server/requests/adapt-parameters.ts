import type { AuthorizationServerEndpoint } from '@behalf/testing'
import { GRANT } from '@behalf/testing/authorization-server'

/** Grants of this package's own, which know `audience`. */
const OWN: readonly string[] = [GRANT.tokenExchange, GRANT.federatedConnection, GRANT.jwtBearer]

/**
 * Adapts parameters that other servers accept and the library does not: `audience` for `resource`, and `offline_access`
 * without `prompt=consent`, since the signed-in user always agrees.
 * @returns the same object if nothing changes.
 */
export function adaptParameters(endpoint: AuthorizationServerEndpoint, parameters: URLSearchParams): URLSearchParams {
  const changed = new URLSearchParams(parameters)
  const isOwn = endpoint === 'token' && OWN.includes(parameters.get('grant_type') ?? '')
  if (parameters.has('audience') && !isOwn) {
    for (const audience of parameters.getAll('audience')) changed.append('resource', audience)
    changed.delete('audience')
  }
  const asksForRefresh = parameters.get('scope')?.split(' ').includes('offline_access') === true
  const prompts = parameters.get('prompt')?.split(' ') ?? []
  // With `none` no person can agree, so the server issues no refresh token (OpenID Connect Core §11).
  const mayAgree = !prompts.includes('consent') && !prompts.includes('none')
  if ((endpoint === 'authorize' || endpoint === 'par') && asksForRefresh && mayAgree) {
    changed.set('prompt', [...prompts, 'consent'].join(' '))
  }
  return changed.toString() === parameters.toString() ? parameters : changed
}
