import { once } from '../base/process/async.ts'

/** The OAuth library's module. */
export type OauthLibrary = typeof import('openid-client')

/**
 * Loads the OAuth library at the first request that needs it. A process that verifies tokens with cached keys, or only
 * sets up its guard, does not wait for it.
 */
export const oauthLibrary = (): Promise<OauthLibrary> => import('openid-client')

/**
 * Loads the JWT library when the first JWT arrives. It is a third of the files that core would load at its import, and
 * a process that only sets up its guard does not wait for it.
 */
export const jwtLibrary = once(async () => ({
  ...(await import('jose/jwt/verify')),
  ...(await import('jose/jwks/remote')),
  errors: await import('jose/errors'),
}))
