import { defined } from '../../base/values/index.ts'
import type { ReceivedTokens } from '../../oauth/server.ts'
import type { AccountRecord } from './account-record.ts'

/** Maximum number of replaced tokens that one account lists. It is unknown whether further tokens were revoked. */
const MAX_REPLACED = 20

/** Tokens of one provider and client. */
export type TokenPair = NonNullable<AccountRecord['replaced']>[number]

/** Identifies a use of a refresh token. */
type Use = NonNullable<AccountRecord['refreshing']>

/** Represents uses and tokens that are no longer listed. */
const FORGOTTEN: Use = { at: 0, tries: 0 }

/** The part of the previous record that a new link of an account keeps. */
export type TakenOver = Pick<AccountRecord, 'refreshToken' | 'replaced' | 'unanswered'>

/**
 * Returns what a new link keeps of the record before it.
 *
 * A provider that gives a refresh token only with the first consent means the old one to be kept. It is kept for the
 * same provider and client, if no answer to it is awaited. All other tokens are listed, since they may still be valid.
 */
export function takenOver(
  before: AccountRecord | 'unreadable' | undefined,
  now: {
    readonly issuer: string
    readonly clientId: string
    readonly accessToken: string
    readonly refreshToken: string | undefined
    /** True if the account has no known id: the new one may be another. */
    readonly isUnnamed: boolean
  },
): TakenOver {
  if (before === undefined || before === 'unreadable') {
    const { refreshToken } = now
    return {
      ...(refreshToken !== undefined && { refreshToken }),
      ...(before === 'unreadable' && { unanswered: [FORGOTTEN] }),
    }
  }
  const isSameClient = before.issuer === now.issuer && before.clientId === now.clientId
  const isUsable = isSameClient && !now.isUnnamed && before.state === 'connected' && before.refreshing === undefined
  const refreshToken = now.refreshToken ?? (isUsable ? before.refreshToken : undefined)
  const left = isSameClient ? leftOf(before, { ...now, refreshToken }) : pairOf(before)
  const { refreshing } = before
  const unanswered = [...(before.unanswered ?? []), ...(refreshing === undefined ? [] : [refreshing])]
  return {
    ...(refreshToken !== undefined && { refreshToken }),
    ...listed([...(before.replaced ?? []), left], unanswered),
  }
}

/**
 * Returns the tokens that the new record does not hold. Some providers give the same token again. If the refresh token
 * is kept, the access token is listed by itself: not every provider ends it with the refresh token (RFC 7009 §2.1).
 */
function leftOf(before: AccountRecord, now: Pick<AccountRecord, 'accessToken' | 'refreshToken'>): TokenPair {
  const { refreshToken: _r, accessToken, ...rest } = pairOf(before)
  if (before.refreshToken !== now.refreshToken) return pairOf(before)
  return { ...rest, ...(accessToken !== undefined && accessToken !== now.accessToken && { accessToken }) }
}

/**
 * Adds an answer that arrived after its account was linked again. Its refresh token is used if the new link is known to
 * be of the same account and needs one; else it is listed, to be revoked with the account.
 * @param sent - The record when its refresh token was sent.
 * @param answered - The record as the answer changes it.
 * @param isUnnamed - True if the account has no known id: the new link may be of another one.
 * @returns the record, or `undefined` if it contains all of this already.
 */
export function withLateAnswer(
  record: AccountRecord,
  sent: AccountRecord,
  answered: AccountRecord,
  isUnnamed: boolean,
): AccountRecord | undefined {
  const isAnswered = answered.refreshing === undefined
  const awaited = record.unanswered ?? []
  const unanswered = isAnswered ? awaited.filter((use) => !isSameUseOf(use, sent.refreshing)) : awaited
  const isNews = answered.refreshToken !== undefined && answered.refreshToken !== sent.refreshToken
  const isKnown = [record, ...(record.replaced ?? [])].some(
    ({ refreshToken }) => refreshToken === answered.refreshToken,
  )
  if (!isNews || isKnown) {
    return unanswered.length === awaited.length
      ? undefined
      : { ...without(record), ...listed(record.replaced, unanswered) }
  }
  const isSameAccount = !isUnnamed && record.issuer === sent.issuer && record.clientId === sent.clientId
  if (isSameAccount && record.state === 'connected' && needsRefreshToken(record, sent)) {
    const { refreshToken, ...left } = pairOf(answered)
    return {
      ...without(record),
      ...listed([...(record.replaced ?? []), left], unanswered),
      ...(refreshToken !== undefined && { refreshToken }),
    }
  }
  return { ...without(record), ...listed([...(record.replaced ?? []), pairOf(answered)], unanswered) }
}

/**
 * Returns whether the record has no refresh token, or a consumed one: sent, but without a mark, because the store lost
 * its last writes.
 */
const needsRefreshToken = ({ refreshToken, refreshing }: AccountRecord, sent: AccountRecord): boolean =>
  refreshToken === undefined || (refreshing === undefined && refreshToken === sent.refreshToken)

/**
 * Adds the tokens of an answer that cannot be used: a refresh token that rotated is still the account's newest one. The
 * access token serves no call, and is revoked with the account.
 */
export function withRefusedAnswer(
  record: AccountRecord,
  { accessToken, refreshToken = record.refreshToken }: ReceivedTokens,
): AccountRecord {
  const { issuer, clientId, replaced = [], unanswered = [] } = record
  const dropped = accessToken === undefined ? [] : [{ issuer, clientId, accessToken }]
  return {
    ...without(record),
    ...(refreshToken !== undefined && { refreshToken }),
    ...listed([...replaced, ...dropped], unanswered),
  }
}

/**
 * Returns every token pair, newest first: all of them, and those that have not expired by this clock. @param now -
 * Epoch milliseconds.
 */
export function pairsOf(record: AccountRecord, now: number): Record<'living' | 'ended', readonly TokenPair[]> {
  const { replaced = [] } = record
  const hasEnded = ({ refreshToken, expiresAt }: TokenPair) =>
    refreshToken === undefined && expiresAt !== undefined && now / 1000 >= expiresAt
  return { living: [pairOf(record), ...replaced.filter((pair) => !hasEnded(pair))], ended: replaced.filter(hasEnded) }
}

/** Returns whether a use of a refresh token may have brought tokens that are not stored here. */
export const hasUnknownTokens = ({ refreshing, unanswered = [] }: AccountRecord): boolean =>
  refreshing !== undefined || unanswered.length > 0

function listed(replaced: readonly TokenPair[] = [], unanswered: readonly Use[]): Omit<TakenOver, 'refreshToken'> {
  const pairs = replaced.filter(({ accessToken, refreshToken }) => (refreshToken ?? accessToken) !== undefined)
  const uses = pairs.length > MAX_REPLACED ? [...unanswered, FORGOTTEN] : unanswered
  return {
    ...(pairs.length > 0 && { replaced: pairs.slice(-MAX_REPLACED) }),
    ...(uses.length > 0 && { unanswered: uses.slice(-MAX_REPLACED) }),
  }
}

function without({ replaced: _, unanswered: __, ...rest }: AccountRecord): AccountRecord {
  return rest
}

export function pairOf({ issuer, clientId, accessToken, refreshToken, expiresAt }: AccountRecord): TokenPair {
  return defined({ issuer, clientId, accessToken, refreshToken, expiresAt })
}

const isSameUseOf = (use: Use, other: Use | undefined): boolean => use.at === other?.at && use.tries === other.tries
