import { optional, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import { grantedScopes, requestedAudience, requestedDetails } from '../grants/grant-targets.ts'
import type { MockClient } from '../options.ts'
import { requireGrantType, type ServerContext } from '../server-context.ts'
import { GRANT } from '../server-facts.ts'
import type { AuthorizationDetail } from '../state.ts'

/** A parsed authorization request. */
export interface AuthorizationRequest {
  readonly codeChallenge: string
  readonly audience: readonly string[]
  readonly requested: readonly string[]
  readonly authorizationDetails: readonly AuthorizationDetail[] | undefined
}

/** @throws Refusal The redirect URI is not one of the client's, by simple string comparison (RFC 9700 §2.1). */
export function checkRedirectUri(client: MockClient, parameters: URLSearchParams): string {
  const redirectUri = required(parameters, 'redirect_uri')
  if (!client.redirectUris?.includes(redirectUri)) throw new Refusal('invalid_request', 'unregistered redirect_uri')
  return redirectUri
}

/** Reads the request, and checks all parts that need no signed-in user. */
export function readAuthorizationRequest(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
): AuthorizationRequest {
  if (required(parameters, 'response_type') !== 'code') throw new Refusal('unsupported_response_type', 'only code')
  requireGrantType(client, GRANT.authorizationCode)
  const codeChallenge = required(parameters, 'code_challenge')
  // RFC 7636 §4.3: an absent method means plain, which this server refuses.
  if (optional(parameters, 'code_challenge_method') !== 'S256') {
    throw new Refusal('invalid_request', 'code_challenge_method must be S256')
  }
  const audience = requestedAudience(context, parameters)
  const requested = words(optional(parameters, 'scope'))
  grantedScopes(context, { client, subject: undefined, requested, audience })
  return { codeChallenge, audience, requested, authorizationDetails: requestedDetails(context, parameters, audience) }
}
