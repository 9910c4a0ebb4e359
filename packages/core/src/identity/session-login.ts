import * as z from 'zod/mini'
import {
  type AuthorizationServers,
  type RequestOptions,
  type TokenResponse,
  tokenEnd,
} from '../authorization-server/index.ts'
import type { UserIdentity } from '../contract/index.ts'
import { Token } from '../credential/index.ts'
import { BehalfError, InvalidResponseError, InvalidTokenError, StoreError } from '../errors/index.ts'
import type { Clock } from '../ports/index.ts'
import { type SubjectToken, subjectTokenOf } from './subject-token.ts'
import { admit } from './verified.ts'
import { identityFromAccessToken } from './verify-access-token.ts'
import { userFromIdToken } from './verify-id-token.ts'

/** A login as it is kept: who it is, the token of the moment, and what brings the next one. Sealed at rest. */
export interface KeptLogin {
  readonly identity: UserIdentity
  readonly token: {
    readonly value: string
    readonly scopes?: readonly string[] | undefined
    readonly audience?: readonly string[] | undefined
    readonly keyThumbprint?: string | undefined
  }
  readonly refreshToken?: string | undefined
  /** The last one that came. */
  readonly idToken?: string | undefined
  /** Whom access tokens are verified for. Absent: the id_token says who it is. */
  readonly audience?: readonly string[] | undefined
  /** Epoch seconds. */
  readonly renewedAt: number
}

const text = z.string()
const texts = z.optional(z.array(text))

/** What `keptLogin` reads back. Its identity was verified before it was sealed. */
export const keptLogin = z.object({
  identity: z.looseObject({
    kind: z.literal('user'),
    issuer: text,
    subject: text,
    claims: z.record(text, z.unknown()),
  }),
  token: z.object({ value: text, scopes: texts, audience: texts, keyThumbprint: z.optional(text) }),
  refreshToken: z.optional(text),
  idToken: z.optional(text),
  audience: texts,
  renewedAt: z.number(),
})

/** @throws StoreError `unknown_version` */
export function readKept<Kept>(schema: z.ZodMiniType<Kept>, value: unknown, what: string): Kept {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new StoreError('unknown_version', `a stored ${what} has an unknown form: upgrade first`)
}

export interface LoginContext extends RequestOptions {
  /**
   * What is kept was sealed, so that nobody else can have written it. With `false`, only what an answer proves counts.
   * @default true
   */
  readonly isSealed?: boolean
  readonly servers: AuthorizationServers
  readonly clock: Clock
}

/** What an answer is held to. */
export interface AskedLogin extends Pick<KeptLogin, 'audience'> {
  /** Whose answer it is, where several issuers are trusted and no id_token says so. */
  readonly issuer?: string | undefined
  /** What was sent with the login. */
  readonly nonce?: string | undefined
  /** When the response arrived, in epoch seconds. Absent for one that was kept: its id_token may be of any age. */
  readonly receivedAt?: number | undefined
}

/** Verifies the answer of a token endpoint and makes of it what is kept. */
export async function loginOfResponse(
  response: TokenResponse,
  asked: AskedLogin,
  context: LoginContext,
): Promise<KeptLogin> {
  const { accessToken, expiresIn, scopes, refreshToken, idToken } = response
  const { audience } = asked
  const { user, boundTo } = await userOfResponse(response, asked, context)
  const renewedAt = Math.floor(context.clock.now() / 1000)
  const expiresAt = tokenEnd(renewedAt, expiresIn, user.expiresAt)
  return {
    identity: { ...user, ...(expiresAt !== undefined && { expiresAt }) },
    token: tokenOf(accessToken, subjectTokenOf(user), scopes, boundTo),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(idToken !== undefined && { idToken }),
    ...(audience !== undefined && { audience }),
    renewedAt,
  }
}

/** By the access token where it is for us, else by the id_token; where there are both, they name the same person. */
async function userOfResponse(
  { accessToken, idToken, tokenType }: TokenResponse,
  { audience, nonce, issuer, receivedAt }: AskedLogin,
  { servers, signal }: LoginContext,
): Promise<{ readonly user: UserIdentity; readonly boundTo: string | undefined }> {
  if (tokenType === 'n_a') throw new InvalidTokenError('type', 'the answer has no access token')
  if (idToken === undefined && (audience === undefined || nonce !== undefined)) {
    throw new InvalidTokenError('claims', 'the answer has no id_token, so nobody logged in')
  }
  const named = idToken && (await userFromIdToken(idToken, servers, { nonce, accessToken, receivedAt, signal }))
  const { profile } = named ? named.server : (servers.sole ?? servers.of(issuer ?? ''))
  const key = profile.dpop?.thumbprint
  if (tokenType === 'dpop' && key === undefined) {
    throw new InvalidTokenError('binding', 'the access token is bound to a key that the profile does not have')
  }
  const boundTo = tokenType === 'dpop' ? key : undefined
  if (audience === undefined) return { user: (named as { readonly user: UserIdentity }).user, boundTo }
  const shown = await identityFromAccessToken(accessToken, servers, audience, signal, undefined, key)
  if (shown.kind !== 'user') throw new InvalidTokenError('subject', 'the access token stands for no user')
  if (!named) return { user: shown, boundTo }
  if (!isSamePerson(named.user, shown)) {
    throw new InvalidTokenError('subject', 'the id_token and the access token are of two users')
  }
  return { user: withSession(shown, named.user.sessionId), boundTo }
}

/** The login's own session, where the access token does not say it. */
function withSession(user: UserIdentity, sessionId: string | undefined): UserIdentity {
  if (sessionId === undefined || user.sessionId !== undefined) return user
  return admit({ ...user, sessionId }, subjectTokenOf(user))
}

function tokenOf(
  value: string,
  verified: SubjectToken | undefined,
  granted: readonly string[] | undefined,
  boundTo: string | undefined,
): KeptLogin['token'] {
  const scopes = verified?.scopes ?? granted
  const keyThumbprint = verified?.keyThumbprint ?? boundTo
  return {
    value,
    ...(scopes !== undefined && { scopes }),
    ...(verified?.audience !== undefined && { audience: verified.audience }),
    ...(keyThumbprint !== undefined && { keyThumbprint }),
  }
}

/** A `sub` is somebody within one issuer and tenant only (I7). */
function isSamePerson(left: UserIdentity, right: UserIdentity): boolean {
  return left.issuer === right.issuer && left.tenant === right.tenant && left.subject === right.subject
}

/** What came of asking for the next token. */
export type Renewal =
  | { readonly status: 'renewed'; readonly login: KeptLogin }
  /** The server has ended the login: expired, revoked, or its token was used twice. */
  | { readonly status: 'ended' }
  /** There is an answer, and it could not be verified; the old refresh token may be used up. */
  | { readonly status: 'unverified'; readonly refreshToken: string; readonly error: unknown }

/**
 * Asks for the next token, once. The answer is held to the same person (OpenID Connect Core §12.2).
 *
 * What only the login said lasts: its session, level and time. Other claims are those of the answer alone: where
 * it brings none that can be verified, there are none, and so no roles.
 */
export async function renewLogin(kept: KeptLogin, context: LoginContext): Promise<Renewal> {
  const { identity, refreshToken } = kept
  if (refreshToken === undefined) return { status: 'ended' }
  const { servers, signal, timeoutMs } = context
  let response: TokenResponse
  try {
    response = await servers
      .of(identity.issuer)
      .grant('refresh_token', { refresh_token: refreshToken }, { signal, timeoutMs })
  } catch (error) {
    // RFC 6749 §5.2: expired, revoked, or rotated by somebody else.
    if (BehalfError.isInstance(error) && 'error' in error && error.error === 'invalid_grant') return { status: 'ended' }
    throw error
  }
  try {
    return { status: 'renewed', login: await heldTo(kept, response, context) }
  } catch (error) {
    return { status: 'unverified', refreshToken: response.refreshToken ?? refreshToken, error }
  }
}

async function heldTo(kept: KeptLogin, response: TokenResponse, context: LoginContext): Promise<KeptLogin> {
  const { identity, audience } = kept
  // I8: a bound token turned into one that anybody can use.
  if (kept.token.keyThumbprint !== undefined && response.tokenType !== 'dpop') {
    throw new InvalidResponseError('the authorization server renewed a bound token as one that is not bound')
  }
  const isSilent = audience === undefined && response.idToken === undefined
  if (context.isSealed === false && isSilent) {
    throw new InvalidTokenError('claims', 'the answer has no id_token, and what was kept is not sealed')
  }
  const next = isSilent
    ? silentRenewal(kept, response, context.clock)
    : await loginOfResponse(
        response,
        { issuer: identity.issuer, audience, receivedAt: context.clock.now() / 1000 },
        context,
      )
  if (!isSamePerson(next.identity, identity)) {
    throw new InvalidResponseError('the authorization server renewed the token of another user')
  }
  const { acr, authTime, sessionId } = identity
  return {
    refreshToken: kept.refreshToken,
    // OpenID Connect Core §12.2: an answer may have none. The issuer asserts by the last one, or asks for a login. What
    // is not sealed is proven by what it holds each time, and an old one proves nothing.
    ...(context.isSealed !== false && kept.idToken !== undefined && { idToken: kept.idToken }),
    ...next,
    identity: {
      ...(acr !== undefined && { acr }),
      ...(authTime !== undefined && { authTime }),
      ...next.identity,
      ...(sessionId !== undefined && { sessionId }),
    },
  }
}

function silentRenewal(kept: KeptLogin, response: TokenResponse, clock: Clock): KeptLogin {
  const { issuer, tenant, subject, clientId } = kept.identity
  const renewedAt = Math.floor(clock.now() / 1000)
  const expiresAt = tokenEnd(renewedAt, response.expiresIn, undefined)
  return {
    identity: {
      kind: 'user',
      issuer,
      ...(tenant !== undefined && { tenant }),
      subject,
      ...(clientId !== undefined && { clientId }),
      ...(expiresAt !== undefined && { expiresAt }),
      claims: { iat: renewedAt },
    },
    token: tokenOf(response.accessToken, undefined, response.scopes ?? kept.token.scopes, kept.token.keyThumbprint),
    ...(response.refreshToken !== undefined && { refreshToken: response.refreshToken }),
    renewedAt,
  }
}

/** The identity of a kept login, with its token behind it. */
export function identityOfLogin(
  { identity, token, idToken }: KeptLogin,
  over: Partial<UserIdentity> = {},
): UserIdentity {
  const { value, scopes, audience, keyThumbprint } = token
  return admit(
    { ...identity, ...over },
    {
      token: new Token(value),
      type: 'access_token',
      ...(scopes !== undefined && { scopes }),
      ...(audience !== undefined && { audience }),
      ...(keyThumbprint !== undefined && { keyThumbprint }),
      ...(idToken !== undefined && { idToken: new Token(idToken) }),
    },
  )
}
