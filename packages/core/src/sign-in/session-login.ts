import * as z from 'zod/mini'
import { isSamePrincipal, type UserIdentity } from '../base/contract/index.ts'
import { InvalidTokenError, StoreError } from '../base/errors/index.ts'
import type { Clock } from '../base/ports.ts'
import { defined } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { requireProofTime } from '../identity/present-user.ts'
import { type SubjectToken, subjectTokenOf } from '../identity/subject-token.ts'
import { admit, fieldsOf } from '../identity/verified.ts'
import { identityFromAccessToken } from '../identity/verify-access-token.ts'
import { userFromIdToken } from '../identity/verify-id-token.ts'
import type { AuthorizationServers, RequestOptions, TokenResponse } from '../oauth/server.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'

/** Stored login: its user, its current token, and the token that renews it. Sealed at rest. */
export interface StoredSession {
  readonly identity: UserIdentity
  readonly token: {
    readonly value: string
    readonly scopes?: readonly string[] | undefined
    readonly audience?: readonly string[] | undefined
    readonly keyThumbprint?: string | undefined
  }
  readonly refreshToken?: string | undefined
  /** The last id_token that the issuer sent. */
  readonly idToken?: string | undefined
  /** Audience for which access tokens are verified. Absent: the id_token names the user. */
  readonly audience?: readonly string[] | undefined
  /** Nonce of the login's id_token. */
  readonly nonce?: string | undefined
  /** Time of the last renewal, in epoch seconds. */
  readonly renewedAt: number
  /** Time at which the refresh token was sent, in epoch seconds. Absent once the response is stored. */
  readonly sentAt?: number | undefined
  /** Number of consecutive refused answers. */
  readonly refusals?: number | undefined
}

const text = z.string()
const texts = z.optional(z.array(text))

/** Schema by which `storedSession` is read. Its identity was verified before it was sealed. */
export const storedSession = z.object({
  identity: z.looseObject({
    kind: z.literal('user'),
    issuer: text,
    subject: text,
    provenAt: z.optional(z.number()),
    sessionId: z.optional(text),
    actor: z.optional(z.looseObject({ subject: text })),
    claims: z.record(text, z.unknown()),
  }),
  token: z.object({ value: text, scopes: texts, audience: texts, keyThumbprint: z.optional(text) }),
  refreshToken: z.optional(text),
  idToken: z.optional(text),
  audience: texts,
  nonce: z.optional(text),
  renewedAt: z.number(),
  sentAt: z.optional(z.number()),
  refusals: z.optional(z.number()),
})

/** Returns whether a stored login is for the configured audience: the app may now use another API. */
export function isForAudience({ audience: kept }: StoredSession, audience: readonly string[] | undefined): boolean {
  if (kept === undefined || audience === undefined) return kept === audience
  return kept.every((one) => audience.includes(one))
}

/**
 * Returns whether a stored login needs no renewal yet. Without a refresh token, it never does before it ends.
 * @param before - Seconds by which a renewal precedes the end, at most a quarter of the token's life
 * @param now - Epoch seconds
 */
export function isFresh(
  { identity: { expiresAt }, refreshToken, renewedAt }: StoredSession,
  before: number,
  now: number,
): boolean {
  if (refreshToken === undefined) return expiresAt === undefined || now < expiresAt
  // Its lifetime is unknown: renewed often enough to notice its end.
  if (expiresAt === undefined) return Math.abs(now - renewedAt) < 300
  // The clock that dated the renewal may have been ahead.
  return now < expiresAt - Math.min(before, Math.max(0, expiresAt - renewedAt) / 4)
}

/** @throws StoreError `unknown_version` */
export function readKept<Kept>(schema: z.ZodMiniType<Kept>, value: unknown, what: string): Kept {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new StoreError('unknown_version', `a stored ${what} has an unknown form: upgrade first`)
}

export interface LoginContext extends RequestOptions {
  /**
   * Whether the stored login was sealed, so that no other party can have written it. With `false`, only facts that the
   * server's answer proves are used.
   * @default true
   */
  readonly isSealed?: boolean
  readonly servers: AuthorizationServers
  readonly clock: Clock
}

/** Requirements for a response. */
export interface AskedLogin extends Pick<StoredSession, 'audience'> {
  /** Issuer of the response, if several issuers are trusted and no id_token names it. */
  readonly issuer?: string | undefined
  /** Nonce that was sent with the login. */
  readonly nonce?: string | undefined
  /**
   * Time at which the response arrived, in epoch seconds. Absent for a stored response: its id_token may be of any age.
   */
  readonly receivedAt?: number | undefined
}

/** Verifies the answer of a token endpoint and returns the login to store. */
export async function loginOfResponse(
  response: TokenResponse,
  asked: AskedLogin,
  context: LoginContext,
): Promise<StoredSession> {
  const { accessToken, expiresIn, scopes, refreshToken, idToken } = response
  const { audience } = asked
  const { user, boundTo, nonce } = await userOfResponse(response, asked, context)
  const renewedAt = Math.floor(context.clock.now() / 1000)
  const expiresAt = tokenEnd(renewedAt, expiresIn, user.expiresAt)
  // A renewal brings tokens with a newer time, and is no new proof (I11).
  const provenAt = requireProofTime(user, context.clock)
  return {
    identity: { ...fieldsOf(user), provenAt, ...(expiresAt !== undefined && { expiresAt }) },
    token: tokenOf(accessToken, subjectTokenOf(user), scopes, boundTo),
    ...defined({ refreshToken, idToken, audience }),
    ...(typeof nonce === 'string' && { nonce }),
    renewedAt,
  }
}

interface NamedUser {
  readonly user: UserIdentity
  readonly boundTo: string | undefined
  /** Nonce of the id_token, of any type. */
  readonly nonce: unknown
}

/**
 * Returns the user that the access token names, if it is for us, else the one that the id_token names. If there are
 * both, they must name the same person.
 */
async function userOfResponse(
  { accessToken, idToken, tokenType }: TokenResponse,
  { audience, nonce, issuer, receivedAt }: AskedLogin,
  { servers, signal }: LoginContext,
): Promise<NamedUser> {
  if (tokenType === 'n_a') throw new InvalidTokenError('type', 'the answer has no access token')
  if (idToken === undefined && (audience === undefined || nonce !== undefined)) {
    throw new InvalidTokenError('claims', 'no id_token in the answer: no user logged in')
  }
  const checks = { nonce, accessToken, receivedAt, signal }
  const named = idToken === undefined ? undefined : await userFromIdToken(idToken, servers, checks)
  const { profile } = named ? named.server : (servers.sole ?? servers.of(issuer ?? ''))
  const key = profile.dpop?.thumbprint
  const boundTo = boundKey(tokenType, key)
  const proof = { boundTo, nonce: named?.user.claims.nonce }
  if (audience === undefined) return { user: (named as { readonly user: UserIdentity }).user, ...proof }
  const shown = await identityFromAccessToken(accessToken, servers, audience, { signal, ownKey: key })
  if (shown.kind !== 'user') throw new InvalidTokenError('subject', 'the access token is not of a user')
  // Tokens of the endpoint are issued to our client. A token of another client is no login with the user present.
  if (shown.clientId !== servers.of(shown.issuer).profile.clientId) {
    throw new InvalidTokenError('audience', 'the access token was issued to another client')
  }
  if (!named) return { user: shown, ...proof }
  if (!isSamePrincipal(named.user, shown)) {
    throw new InvalidTokenError('subject', 'the id_token and the access token are of two users')
  }
  return { user: withLogin(shown, named.user), ...proof }
}

function boundKey(tokenType: TokenResponse['tokenType'], key: string | undefined): string | undefined {
  if (tokenType !== 'dpop') return undefined
  if (key !== undefined) return key
  throw new InvalidTokenError('binding', 'the access token is bound to a key that the profile does not have')
}

/**
 * Keeps the session and the time of the login, if only its id_token contains them: a revocation compares both. The same
 * for its actor, who is no present user.
 */
function withLogin(user: UserIdentity, named: UserIdentity): UserIdentity {
  return admit({ ...pick(named, 'actor', 'sessionId', 'authTime'), ...fieldsOf(user) }, subjectTokenOf(user))
}

/** Returns the fields with these names. */
export const pick = <From extends object, Name extends keyof From>(from: From, ...names: readonly Name[]) =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]))) as Pick<
    From,
    Name
  >

export function tokenOf(
  value: string,
  verified: SubjectToken | undefined,
  granted: readonly string[] | undefined,
  boundTo: string | undefined,
): StoredSession['token'] {
  const { audience, scopes = granted, keyThumbprint = boundTo } = verified ?? {}
  return defined({ value, scopes, audience, keyThumbprint })
}

/** Returns the identity of a stored login, with its token. */
export function identityOfLogin(
  { identity, token, idToken }: StoredSession,
  over: Partial<UserIdentity> = {},
): UserIdentity {
  const { value, scopes, audience, keyThumbprint } = token
  return admit(
    { ...fieldsOf(identity), ...over },
    {
      token: new Token(value),
      type: 'access_token',
      isInteractive: over.delegationId === undefined,
      ...defined({ scopes, audience, keyThumbprint }),
      ...(idToken !== undefined && { idToken: new Token(idToken) }),
    },
  )
}
