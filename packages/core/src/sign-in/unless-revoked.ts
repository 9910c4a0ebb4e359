import type { StoredSession } from './session-login.ts'
import type { LoginPlace } from './session-renewal.ts'

/**
 * Returns a place whose login exists only while its proof is not revoked (I11). It checks before a login is used or
 * renewed, and again after a renewal was written.
 * @param isRevoked - By the names in the store now.
 */
export function unlessRevoked(place: LoginPlace, isRevoked: (login: StoredSession) => Promise<boolean>): LoginPlace {
  return {
    ...place,
    async read() {
      const found = await place.read()
      return found === undefined || (await isRevoked(found.login)) ? undefined : found
    },
    async write(login, ifVersion) {
      const version = await place.write(login, ifVersion)
      // The access was revoked during the write: no caller gets this login. The clean-up of the revocation finds it and
      // revokes its token.
      return version === 'conflict' || !(await isRevoked(login)) ? version : 'conflict'
    },
  }
}
