import type * as remote from 'jose/jwks/remote'
import type * as verify from 'jose/jwt/verify'

export type JwtLibrary = Pick<typeof remote, 'createRemoteJWKSet' | 'customFetch' | 'jwksCache'> &
  Pick<typeof verify, 'jwtVerify'>

let loading: Promise<JwtLibrary> | undefined

/**
 * Loads what verifies JWTs when the first one comes: a third of the files that core would load at its import,
 * and a process that only sets up its guard does not wait for them.
 */
export const jwtLibrary = (): Promise<JwtLibrary> =>
  (loading ??= Promise.all([import('jose/jwt/verify'), import('jose/jwks/remote')]).then(
    ([{ jwtVerify }, { createRemoteJWKSet, customFetch, jwksCache }]) => ({
      jwtVerify,
      createRemoteJWKSet,
      customFetch,
      jwksCache,
    }),
  ))
