import { BehalfError } from '../../base/errors/index.ts'
import type { RequestOptions } from '../../oauth/server.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { TokenPair } from './account-record.ts'
import type { AccountRecords } from './account-records.ts'

/**
 * Revokes tokens at the provider that no account here holds.
 *
 * A provider may give one token to all users who link the same account of it. While another link holds a token, the
 * token stays: a revocation would end the access of another user.
 *
 * @returns whether all of them were sent to the provider, and it accepted them
 */
export async function revokePairs(
  records: AccountRecords,
  upstream: Upstream | undefined,
  pairs: readonly TokenPair[],
  options: RequestOptions,
): Promise<boolean> {
  if (upstream === undefined || pairs.length === 0) return false
  const { issuer, clientId } = upstream.connection.profile
  const told = await Promise.all(
    pairs.map(async (pair) => {
      if (pair.issuer !== issuer || pair.clientId !== clientId || (await records.isHeld(pair))) return false
      return upstream.revoke(pair, options).catch((error: unknown) => {
        if (BehalfError.isInstance(error)) return false
        throw error
      })
    }),
  )
  return told.every(Boolean)
}
