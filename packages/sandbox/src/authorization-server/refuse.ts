import { errors } from 'oidc-provider'

/** Makes an OAuth error for which the library has no class, or that needs another status. */
export function refuse(error: string, description: string, status = 400): Error {
  return Object.assign(new errors.CustomOIDCProviderError(error, description), { status, statusCode: status })
}
