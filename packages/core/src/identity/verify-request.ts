import type { Identity, UserIdentity } from '../base/contract/index.ts'
import { BehalfError, InvalidTokenError } from '../base/errors/index.ts'
import { copyOf, defined, namesOf, refuseUnknownKeys } from '../base/values/index.ts'
import type { RequestOptions } from '../oauth/server.ts'
import {
  accessTokenKeys,
  checkAudience,
  identityFromAccessToken,
  trustedServers,
  type VerifyAccessTokenOptions,
} from './verify-access-token.ts'

/** Requirements for the access token of a request. */
export interface VerifyRequestOptions extends Omit<VerifyAccessTokenOptions, 'boundTo'> {
  /**
   * Checks the DPoP proof of a request and returns the thumbprint of its key, or throws. Build it on `verifyProof` of
   * `@behalf/core/resource-server`. Absent: the scheme DPoP is refused.
   */
  readonly proveKey?: ((request: Request, token: string) => Promise<string>) | undefined
}

const optionKeys = namesOf<VerifyRequestOptions>(...accessTokenKeys, 'proveKey')

/** Scheme and token (RFC 9110 §11.4); the token in the characters of RFC 6750 §2.1. */
const authorization = /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i

/**
 * Verifies the access token in a request's `Authorization` header and returns its subject.
 *
 * Accepts the schemes Bearer and DPoP; does not read a token from the query or a form. Makes no challenge: an API
 * answers with those of `createResourceServer`.
 *
 * @returns The verified identity, or `undefined` where the header is absent or of another scheme.
 * @throws InvalidTokenError The token does not verify, is bound and came as Bearer, or came as DPoP and is not bound to
 *   the key of the proof.
 * @throws TransportError The issuer's metadata or keys did not come. Try again later.
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export async function verifyRequest(request: Request, options: VerifyRequestOptions): Promise<Identity | undefined> {
  refuseUnknownKeys('verifyRequest', options, optionKeys)
  const servers = trustedServers('verifyRequest', options)
  const audience = checkAudience('verifyRequest.audience', options.audience)
  const header = request.headers.get('authorization')?.trim() ?? ''
  if (!/^(?:bearer|dpop)(?: |$)/i.test(header)) return undefined
  const [, scheme, token] = authorization.exec(header) ?? []
  // Stryker disable next-line ConditionalExpression: The pattern reads `undefined` as the text “undefined”, which is no scheme. A match sets both scheme and token.
  if (scheme === undefined || token === undefined) {
    throw new InvalidTokenError('malformed', 'the Authorization header must contain one token')
  }
  const signal = options.signal ?? request.signal
  if (scheme.toLowerCase() === 'bearer') return identityFromAccessToken(token, servers, audience, { signal })
  if (options.proveKey === undefined) {
    throw new InvalidTokenError('binding', 'the token came with a key proof, which is not checked here')
  }
  const provedKey = await options.proveKey(request, token)
  if (typeof provedKey !== 'string' || provedKey === '') {
    throw new InvalidTokenError('binding', 'the proof of the key is invalid')
  }
  return identityFromAccessToken(token, servers, audience, { signal, provedKey })
}

/**
 * A user whose proof is valid now, or the statement that they must sign in again. An outage is thrown, and is neither.
 */
export type SubjectAnswer =
  | { readonly status: 'verified'; readonly identity: UserIdentity }
  /** The token, session or login ended: only the user can help. */
  | { readonly status: 'login_required'; readonly detail: string }

/**
 * Source of the token that proves a user: a request, a session, a delegation, a device's login.
 *
 * `subjectTokenOf` returns the token behind the identity. Get a new identity for each request or job, and discard it
 * afterwards: only a new identity shows changes at the issuer.
 */
export interface SubjectTokenSource {
  /**
   * Returns the identity behind the current token, or the reason why it is missing.
   * @throws TransportError The issuer did not answer: try again later. The user need not sign in again.
   * @throws StoreError The store did not answer, or contains an untrusted value.
   */
  identity(options?: RequestOptions): Promise<SubjectAnswer>
}

/**
 * Returns the request's own token, as `verifyRequest` reads it. An invalid token is `login_required`.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 */
export function requestTokenSource(request: Request, options: VerifyRequestOptions): SubjectTokenSource {
  const { audience, ...others } = options
  const own = { ...others, audience: copyOf(audience) }
  return {
    async identity({ signal, timeoutMs } = {}) {
      try {
        const identity = await verifyRequest(request, {
          ...own,
          ...defined({ signal, timeoutMs }),
        })
        if (identity?.kind === 'user') return { status: 'verified', identity }
        return loginRequired(identity === undefined ? 'the request has no token' : 'the token is not of a user')
      } catch (error) {
        if (BehalfError.isInstance(error) && error.code === 'ERR_INVALID_TOKEN') return loginRequired(error.message)
        throw error
      }
    },
  }
}

export const loginRequired = (detail: string): SubjectAnswer => ({ status: 'login_required', detail })
