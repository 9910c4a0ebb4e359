import type { Actor, Identity, Owner } from '../base/contract/index.ts'
import { revealToken } from '../credential/index.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import type { Revoked } from '../records/revocation/index.ts'

declare const cacheKey: unique symbol

/** Key of a cached token. Made by `tokenCacheKey` only, so that no key omits a part. */
export type TokenCacheKey = string & { readonly [cacheKey]: true }

/** Description of the requested token, without its owner. */
export interface WantedToken {
  /** Source of the token: an exchange for an API, or the vault. */
  readonly source: 'resource' | 'connection'
  /** The resource or audience, or the connection. */
  readonly target: string
  /** Vault's id of the linked account, if there are several. */
  readonly account?: string
  /** Scopes, in any order. */
  readonly scopes: readonly string[]
  /** Thumbprint of the key that the token is bound to (RFC 7638). */
  readonly keyThumbprint?: string
}

/** Owner of a token: `revoke` finds entries by it. */
export interface TokenOwner extends Owner, Revoked {}

const version = 1

/**
 * Returns the key of a cached token: everything that can distinguish it from another token (I2).
 *
 * A JSON array with a place for each part, so that no two requests share a key because of their parts' content.
 */
export function tokenCacheKey(identity: Identity, wanted: WantedToken): TokenCacheKey {
  const user = identity.kind === 'user' ? identity : undefined
  return JSON.stringify([
    version,
    identity.kind,
    identity.issuer,
    identity.tenant ?? null,
    user?.subject ?? null,
    identity.clientId ?? null,
    user?.sessionId ?? null,
    user?.delegationId ?? null,
    actorParts(user?.actor),
    user?.acr ?? null,
    wanted.source,
    wanted.target,
    wanted.account ?? null,
    [...new Set(wanted.scopes)].sort(),
    wanted.keyThumbprint ?? null,
    wanted.source === 'resource' ? proofOf(identity) : null,
  ]) as TokenCacheKey
}

/**
 * Returns the user's token itself: a cached token belongs to the token from which it was exchanged. A newer token of
 * the user may allow less, so a removed role or scope ends with it. Claims cannot replace it: only some tokens have a
 * `jti`, and two may be issued in the same second. Tokens of linked accounts are not exchanged from it, so their key
 * has no proof.
 */
function proofOf(identity: Identity): string | null {
  const proof = subjectTokenOf(identity)
  return proof === undefined ? null : revealToken(proof.token)
}

/** Returns the whole chain: earlier actors may have limited the rights of the last one. */
function actorParts(actor: Actor | undefined): unknown {
  if (actor === undefined) return null
  const { subject, issuer = null, clientId = null, profile = null } = actor
  return [subject, issuer, clientId, profile, actorParts(actor.actor)]
}

/** Returns the owner of a key's token. */
export function tokenOwnerOf(key: TokenCacheKey): TokenOwner {
  const named = (JSON.parse(key) as (string | null)[]).map((part) => part ?? undefined)
  const [, , issuer = '', tenant, subject, clientId, session, delegation] = named
  return { issuer, tenant, subject, clientId, session, delegation }
}

/**
 * Returns the issuer of a key's token if it is the user's own issuer. `undefined` for tokens of upstreams and other
 * domains, which no other server may see.
 */
export function ownIssuerOf(key: TokenCacheKey): string | undefined {
  const parts = JSON.parse(key) as unknown[]
  const [issuer, source, target] = [parts[2], parts[10], parts[11]]
  // A target of two words contains the server that issues the token.
  return source === 'resource' && typeof target === 'string' && !target.includes(' ') ? (issuer as string) : undefined
}

/**
 * Returns the time before a token expires at which it is no longer used, in milliseconds. With a fixed half minute, a
 * token that lives for a minute only would never be used.
 * @param life - From when it was kept to its end, milliseconds.
 */
export function skewOf(life: number, mostMs: number): number {
  return Math.min(mostMs, life / 4)
}
