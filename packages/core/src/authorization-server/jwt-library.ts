import { once } from '../lib/index.ts'

/**
 * Loads what verifies JWTs when the first one comes: a third of the files that core would load at its import,
 * and a process that only sets up its guard does not wait for them.
 */
export const jwtLibrary = once(async () => ({
  ...(await import('jose/jwt/verify')),
  ...(await import('jose/jwks/remote')),
  errors: await import('jose/errors'),
}))
