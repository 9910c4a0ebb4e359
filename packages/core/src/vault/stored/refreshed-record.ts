import { defined } from '../../base/values/index.ts'
import type { UpstreamTokens } from '../upstream/upstream-tokens.ts'
import type { AccountRecord } from './account-record.ts'

/** Minimum time between two refusals by the API until the second one counts against the token, in milliseconds. */
export const REFUSED_AGAIN_MS = 30_000

/** Returns the account without its tokens: the provider accepts them no longer. */
export function mustReconnect(record: AccountRecord): AccountRecord {
  const { accessToken: _a, refreshToken: _r, expiresAt: _e, refreshing: _s, refusedAt: _f, ...rest } = record
  return { ...rest, state: 'must_reconnect' }
}

/** Time after which a refusal is forgotten, in milliseconds. */
const REFUSAL_KEPT_MS = 3_600_000

/**
 * Returns the account after its token expired or the API refused it, and it cannot be renewed. An API may refuse a
 * valid token for a moment. Only a second refusal, {@link REFUSED_AGAIN_MS} later or more and within the hour, counts
 * as a revocation.
 */
export function withoutRefreshToken(at: number): (record: AccountRecord) => AccountRecord {
  return (record) => {
    const { expiresAt, refusedAt } = record
    const isAlive = expiresAt === undefined || at / 1000 < expiresAt
    const isFirst = refusedAt === undefined || Math.abs(at - refusedAt) > REFUSAL_KEPT_MS
    return isAlive && isFirst ? { ...record, refusedAt: at } : mustReconnect(record)
  }
}

/**
 * Returns the account with the new tokens. RFC 6749 §6: a new refresh token replaces the old one, and scopes that the
 * answer omits are unchanged.
 * @param before - The record when the refresh token was sent: another process may have stopped waiting for the answer
 *   since.
 */
export function refreshed(
  now: AccountRecord,
  before: AccountRecord,
  tokens: UpstreamTokens,
  at: number,
): AccountRecord {
  const { refreshing: _s, expiresAt: _e, ...rest } = now
  const { accessToken, refreshToken = before.refreshToken, expiresIn, scopes = before.scopes } = tokens
  return {
    ...rest,
    state: 'connected',
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresIn !== undefined && { expiresAt: Math.floor(at / 1000) + expiresIn }),
    scopes: [...scopes],
    refreshedAt: at,
  }
}

/** Returns the record as if the refresh token had never been sent. */
export function unsent(now: AccountRecord, before: AccountRecord): AccountRecord {
  const { refreshing: _s, ...rest } = now
  const { state, accessToken, expiresAt, refreshToken, refreshing } = before
  return { ...rest, ...defined({ state, accessToken, expiresAt, refreshToken, refreshing }) }
}

/**
 * Returns whether the account still waits for the answer to this use of its refresh token, or was marked
 * `must_reconnect` because the answer is missing.
 */
export function isSameUse(now: AccountRecord, sent: AccountRecord): boolean {
  if (now.refreshing?.at !== sent.refreshing?.at || now.refreshing?.tries !== sent.refreshing?.tries) return false
  if (now.state !== 'connected' && sent.refreshing !== undefined) return true
  return now.accessToken === sent.accessToken && now.refreshToken === sent.refreshToken
}

export const sameTokens = (stored: AccountRecord | undefined, wanted: AccountRecord): boolean =>
  stored?.accessToken === wanted.accessToken &&
  stored?.refreshToken === wanted.refreshToken &&
  stored?.state === wanted.state
