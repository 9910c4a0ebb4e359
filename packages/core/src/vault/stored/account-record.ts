import * as z from 'zod/mini'
import { ownerOf, type UserIdentity } from '../../base/contract/index.ts'
import { IdentityRequiredError } from '../../base/errors/index.ts'
import { defined } from '../../base/values/index.ts'
import { isVerified } from '../../identity/verified.ts'
import type { ReceivedTokens } from '../../oauth/server.ts'
import { userOwnerSchema } from '../../records/stored-owner.ts'
import type { UpstreamTokens } from '../upstream/connection-definition.ts'

/**
 * Returns the owner of an account record (I2). Records that outlive a login have this key, without a session.
 *
 * @throws IdentityRequiredError No verification made this identity.
 */
export function accountOwner(identity: UserIdentity): AccountRecord['owner'] {
  if (!isVerified(identity) || identity.kind !== 'user') {
    throw new IdentityRequiredError('accounts are a verified user’s: give what verifyIdToken or verifyAccessToken gave')
  }
  return ownerOf(identity)
}

const text = z.string()

/** A refresh token that is used once was sent: when, in epoch milliseconds, and how often. */
const useSchema = z.object({ at: z.number(), tries: z.number() })

/** Schema of a stored account. */
export const accountRecord = z.object({
  v: z.literal(1),
  owner: userOwnerSchema,
  /** The session in which it was linked. */
  sessionId: z.optional(text),
  connection: text,
  account: z.object({ id: text, label: z.optional(text) }),
  /** The provider's issuer, and our client there: its tokens go nowhere else. */
  issuer: text,
  clientId: text,
  /** `ending`: a disconnect has begun. Only a new link changes that, and no later answer of the provider. */
  state: z.enum(['connected', 'must_reconnect', 'ending']),
  /** The names of the proof behind this link were not read again yet, so it serves no call. */
  unconfirmed: z.optional(z.literal(true)),
  scopes: z.array(text),
  accessToken: z.optional(text),
  /** Epoch seconds. */
  expiresAt: z.optional(z.number()),
  refreshToken: z.optional(text),
  /** No answer to this use is known. */
  refreshing: z.optional(useSchema),
  /** Tokens that a new link replaced, and that may be good at their provider. They serve no call. */
  replaced: z.optional(
    z.array(
      z.object({
        issuer: text,
        clientId: text,
        accessToken: z.optional(text),
        refreshToken: z.optional(text),
        /** Expiry of the access token, in epoch seconds. */
        expiresAt: z.optional(z.number()),
      }),
    ),
  ),
  /** Uses of tokens from before a new link whose responses never came: those tokens are unknown here. */
  unanswered: z.optional(z.array(useSchema)),
  /** The API refused a token that cannot be renewed: when first, in epoch milliseconds. */
  refusedAt: z.optional(z.number()),
  /** Epoch milliseconds. */
  refreshedAt: z.number(),
  connectedAt: z.number(),
  preferredAt: z.optional(z.number()),
  /** The account that the user had chosen is gone: this one is not used before they choose it. */
  mustChoose: z.optional(z.boolean()),
})

/** A linked account, as it lies sealed in the store. */
export type AccountRecord = z.output<typeof accountRecord>

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
