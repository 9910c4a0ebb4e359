import type { AuthorizationDetail } from '../base/contract/index.ts'
import { revealToken, type Token } from '../credential/index.ts'
import type { SubjectTokenType } from '../identity/subject-token.ts'
import type { GrantParameters } from '../oauth/server.ts'

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Returns the URI of a token type (RFC 8693 §3). */
export const tokenTypeUri = (type: SubjectTokenType): string => `urn:ietf:params:oauth:token-type:${type}`

/** A token and its type. */
export interface TypedToken {
  /** Token to be exchanged. Secret. */
  readonly token: Token
  /** Type of the token, as the exchange names it. */
  readonly type: SubjectTokenType
}

/** Returns the form of a token exchange, with the target in the provider's parameter. */
export function exchangeRequest(request: {
  readonly subjectToken: TypedToken
  readonly actorToken: TypedToken | undefined
  readonly resource: readonly string[]
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  readonly requestedTokenType: SubjectTokenType
  readonly authorizationDetails: readonly AuthorizationDetail[] | undefined
}): GrantParameters {
  const { subjectToken, actorToken, resource, audience, authorizationDetails } = request
  return {
    subject_token: revealToken(subjectToken.token),
    subject_token_type: tokenTypeUri(subjectToken.type),
    // RFC 8693 §2.1: the type if, and only if, there is an actor token.
    ...(actorToken !== undefined && {
      actor_token: revealToken(actorToken.token),
      actor_token_type: tokenTypeUri(actorToken.type),
    }),
    ...(resource.length > 0 && { resource }),
    ...(audience.length > 0 && { audience }),
    // Left out, the server would choose, and it tends to be generous.
    scope: request.scopes.join(' '),
    requested_token_type: tokenTypeUri(request.requestedTokenType),
    ...(authorizationDetails !== undefined && { authorization_details: JSON.stringify(authorizationDetails) }),
  }
}

/**
 * Returns the form of Entra's on-behalf-of grant: RFC 7523 §2.1 with an additional parameter.
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow | On-behalf-of at Entra}
 */
export function onBehalfOfRequest(subjectToken: TypedToken, scopes: readonly string[]): GrantParameters {
  return {
    assertion: revealToken(subjectToken.token),
    requested_token_use: 'on_behalf_of',
    scope: scopes.join(' '),
  }
}
