import type { UserIdentity } from '../base/contract/index.ts'
import { BehalfError } from '../base/errors/index.ts'
import { copyOf, defined } from '../base/values/index.ts'
import type { RequestOptions } from '../oauth/server.ts'
import { type VerifyRequestOptions, verifyRequest } from './verify-request.ts'

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
