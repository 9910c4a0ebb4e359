import type { Call } from '../../base/contract/index.ts'
import type { IssuedToken, Token } from '../../credential/index.ts'

/**
 * Cached tokens for the credentials of a policy, in order. `undefined`: the cache has no token that this call may have.
 */
export type CachedTokens = readonly (IssuedToken | undefined)[]

/** A token, and whether a new one may replace it after an API rejects it. */
export interface FoundToken {
  readonly issued: IssuedToken
  readonly cached: boolean
}

/** Credentials of one call, open until it ends. */
export interface CallCredentials {
  readonly credentials: Call['access']
  /** Every token that the body may have seen. */
  tokens(): readonly Token[]
  /** Sends this key with each request that writes, if its rule names a header for it. Called before the body starts. */
  useIdempotencyKey(key: string): void
  /** Returns whether the body may have changed something. Without credentials the guard cannot know. */
  mayHaveActed(): boolean
  close(): void
}

/** Access of a policy that declares no credentials. */
export const noAccess: CallCredentials = {
  credentials: Object.freeze({}),
  tokens: () => [],
  useIdempotencyKey: () => {},
  mayHaveActed: () => true,
  close: () => {},
}
