import { isSamePrincipal, ownerOf } from '../base/contract/index.ts'
import { BehalfError, InvalidResponseError, InvalidTokenError } from '../base/errors/index.ts'
import type { Clock } from '../base/ports.ts'
import { isGrantGone } from '../oauth/requests/request-fault.ts'
import type { ReceivedTokens, TokenResponse } from '../oauth/server.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import { type LoginContext, loginOfResponse, pick, type StoredSession, tokenOf } from './session-login.ts'

/** Result of a request for the next token. */
export type Renewal =
  | { readonly status: 'renewed'; readonly login: StoredSession }
  /** The server has ended the login: expired, revoked, or a token that was used twice. */
  | { readonly status: 'ended' }
  /** A response arrived and cannot be used; its tokens are valid at the server. */
  | {
      readonly status: 'unverified'
      readonly tokens: ReceivedTokens
      readonly error: unknown
      /** True if the tokens are of another user. */
      readonly isOthers?: boolean
    }

/**
 * Requests the next token, once. The response must be for the same person (OpenID Connect Core §12.2).
 *
 * Keeps the session, actor, level and times of the login. Takes other claims only from the response. Without claims
 * that can be verified, the user has no roles.
 */
export async function renewLogin(kept: StoredSession, context: LoginContext): Promise<Renewal> {
  const { identity, refreshToken } = kept
  if (refreshToken === undefined) return { status: 'ended' }
  const { servers, signal, timeoutMs } = context
  let tokens: ReceivedTokens | undefined
  const onTokens = (received: ReceivedTokens) => {
    tokens = received
  }
  try {
    const response = await servers
      .of(identity.issuer)
      .grant('refresh_token', { refresh_token: refreshToken }, { signal, timeoutMs, onTokens })
    tokens ??= response
    const login = await heldTo(kept, response, context)
    if (login !== undefined) return { status: 'renewed', login }
    const error = new InvalidResponseError('the authorization server renewed the token of another user')
    return { status: 'unverified', tokens, error, isOthers: true }
  } catch (error) {
    const reason = BehalfError.isInstance(error) && 'reason' in error ? error.reason : undefined
    if (tokens !== undefined) return { status: 'unverified', tokens, error, isOthers: reason === 'subject' }
    // RFC 6749 §5.2: expired, revoked, or rotated by another process.
    if (isGrantGone(error)) return { status: 'ended' }
    throw error
  }
}

/** Checks the response against the login. Returns `undefined` if it is of another user. */
async function heldTo(
  kept: StoredSession,
  response: TokenResponse,
  context: LoginContext,
): Promise<StoredSession | undefined> {
  const { identity, audience } = kept
  // I8: any holder could use the new token, unlike the bound one.
  if (kept.token.keyThumbprint !== undefined && response.tokenType !== 'dpop') {
    throw new InvalidResponseError('the authorization server renewed a bound token as one that is not bound')
  }
  const isSilent = audience === undefined && response.idToken === undefined
  if (context.isSealed === false && isSilent) {
    throw new InvalidTokenError('claims', 'the answer has no id_token, and the stored login is not sealed')
  }
  const next = isSilent
    ? silentRenewal(kept, response, context.clock)
    : await loginOfResponse(
        response,
        { issuer: identity.issuer, audience, receivedAt: context.clock.now() / 1000 },
        context,
      )
  if (!isSamePrincipal(next.identity, identity)) return undefined
  // OpenID Connect Core §12.2: the nonce is that of the login, or absent.
  if (kept.idToken !== undefined && next.nonce !== undefined && next.nonce !== kept.nonce) {
    throw new InvalidTokenError('claims', 'the renewed id_token has another nonce than that of the login')
  }
  return {
    refreshToken: kept.refreshToken,
    // OpenID Connect Core §12.2: a response may have no id_token. Then the last one is kept, since the issuer asserts a
    // user by it. A login that is not sealed must be proven each time by its own tokens, and an old token proves
    // nothing.
    ...(context.isSealed !== false && kept.idToken !== undefined && { idToken: kept.idToken }),
    ...next,
    ...(kept.nonce !== undefined && { nonce: kept.nonce }),
    identity: {
      // If the renewed login lost its actor, the session would become that of a present user (I10).
      ...pick(identity, 'acr', 'actor'),
      ...next.identity,
      // §12.2: a renewal is no new authentication.
      ...pick(identity, 'authTime', 'provenAt', 'sessionId'),
    },
  }
}

function silentRenewal(kept: StoredSession, response: TokenResponse, clock: Clock): StoredSession {
  const renewedAt = Math.floor(clock.now() / 1000)
  const expiresAt = tokenEnd(renewedAt, response.expiresIn, undefined)
  return {
    identity: {
      kind: 'user',
      ...ownerOf(kept.identity),
      ...(expiresAt !== undefined && { expiresAt }),
      claims: { iat: renewedAt },
    },
    token: tokenOf(response.accessToken, undefined, response.scopes ?? kept.token.scopes, kept.token.keyThumbprint),
    ...(response.refreshToken !== undefined && { refreshToken: response.refreshToken }),
    renewedAt,
  }
}
