import { errors } from 'oidc-provider'

/** An OAuth error that the library has no class for, or that needs another status. */
export function refuse(error: string, description: string, status = 400): Error {
  return Object.assign(new errors.CustomOIDCProviderError(error, description), { status, statusCode: status })
}
