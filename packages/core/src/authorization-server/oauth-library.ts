/** The OAuth library's module. */
export type OauthLibrary = typeof import('openid-client')

/**
 * Loads the OAuth library at the first request that needs it: a process that verifies tokens with keys
 * at hand, or only sets up its guard, does not wait for it.
 */
export const oauthLibrary = (): Promise<OauthLibrary> => import('openid-client')
