import type { AgentIdentity } from '../base/contract/index.ts'
import { ConfigurationError, InvalidResponseError, InvalidTokenError } from '../base/errors/index.ts'
import { namesOf, refuseUnknownKeys, requireText, scopeList } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { connectAuthorizationServer } from '../oauth/connect-authorization-server.ts'
import { readIssuer } from '../oauth/jwt/read-claims.ts'
import { type Profile, requireConfidentialClient } from '../oauth/profiles/profile.ts'
import {
  type AuthorizationServer,
  type RequestOptions,
  type SurroundingsOptions,
  surroundingKeys,
  surroundingsOf,
  type TokenResponse,
} from '../oauth/server.ts'
import { grantedScopes } from '../oauth/tokens/scopes.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import { checkAccessToken, checkBinding } from './check-access-token.ts'
import { admit, buildAgent, fieldsOf } from './verified.ts'
import { audienceOf } from './wire.ts'

/** Options for the token of an agent without a user. */
export interface RequestAgentIdentityOptions extends SurroundingsOptions, RequestOptions {
  /** Authorization server at which the agent is a client. The client must not be public. */
  readonly authorizationServer: Profile
  /** API that the agent's own token is for. */
  readonly resource: string
  /** Scopes to request. @default the scopes that the server grants a client by default */
  readonly scopes?: readonly string[] | undefined
}

const optionKeys = namesOf<RequestAgentIdentityOptions>(
  'authorizationServer',
  'resource',
  'scopes',
  ...surroundingKeys,
  'signal',
)

/**
 * Requests the agent's own identity: client credentials, without a user.
 *
 * The client authenticates as its profile says: by a secret, by `private_key_jwt`, or by a certificate that the given
 * `fetch` shows. A JWT of the issuer must be for `resource` and for this client. An opaque token is accepted as the
 * answer describes it. Does not cache: keep the identity until its `expiresAt`.
 *
 * Its token can be the actor token of an exchange (`subjectTokenOf`), which puts the agent into `act` if the server
 * supports it.
 *
 * @throws OAuthResponseError The server refused the client or its scopes.
 * @throws InvalidResponseError The answer does not grant what was requested. The token was dropped.
 * @throws TransportError No answer in time.
 * @throws ConfigurationError An option is unknown, missing or wrong, or the client is public.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 §4.4}
 */
export async function requestAgentIdentity(options: RequestAgentIdentityOptions): Promise<AgentIdentity> {
  refuseUnknownKeys('requestAgentIdentity', options, optionKeys)
  const { signal } = options
  // RFC 6749 §4.4: only confidential clients have this grant.
  const given = requireConfidentialClient('requestAgentIdentity.authorizationServer', options.authorizationServer)
  const resource = requireText('requestAgentIdentity.resource', options.resource)
  const asked = options.scopes && scopeList('requestAgentIdentity.scopes', options.scopes)
  const surroundings = surroundingsOf('requestAgentIdentity', options)
  const server = connectAuthorizationServer(given, surroundings)
  const { profile } = server
  const askedAt = Math.floor(surroundings.clock.now() / 1000)
  const response = await server.grant('client_credentials', parametersOf(profile, resource, asked ?? []), { signal })
  const isBound = response.tokenType === 'dpop'
  if (response.tokenType === 'n_a' || isBound !== (profile.dpop !== undefined)) {
    throw refused(`answered with a ${response.tokenType} token where ${isBound ? 'bearer' : 'another'} was asked`)
  }
  const agent = await agentOf(response, server, resource, signal)
  const granted = grantedScopes(profile.token, { asked, answered: response.scopes, claims: agent.claims })
  if ('problem' in granted) throw refused(granted.problem)
  const expiresAt = tokenEnd(askedAt, response.expiresIn, agent.expiresAt)
  return admit(
    { ...fieldsOf(agent), ...(expiresAt !== undefined && { expiresAt }) },
    {
      token: new Token(response.accessToken),
      type: 'access_token',
      ...(granted.scopes !== undefined && { scopes: granted.scopes }),
      audience: agent.claims.aud === undefined ? [resource] : audienceOf(agent.claims),
      ...(isBound && profile.dpop !== undefined && { keyThumbprint: profile.dpop.thumbprint }),
    },
  )
}

function parametersOf({ target }: Profile, resource: string, scopes: readonly string[]) {
  if (target !== 'scope') return { [target]: resource, ...(scopes.length > 0 && { scope: scopes.join(' ') }) }
  if (scopes.length > 0) {
    throw new ConfigurationError(
      'requestAgentIdentity.scopes',
      'this provider grants a client all that it was assigned, or nothing: leave them out',
    )
  }
  return { scope: `${resource}/.default` }
}

async function agentOf(
  response: TokenResponse,
  server: AuthorizationServer,
  resource: string,
  signal: AbortSignal | undefined,
): Promise<AgentIdentity> {
  const { profile } = server
  const { accessToken, tokenType } = response
  if (!isOwnJwt(accessToken, profile)) {
    return { kind: 'agent', issuer: profile.issuer, clientId: profile.clientId, claims: {} }
  }
  try {
    const { token: rules } = profile
    const verified = await server.verifyJwt(accessToken, {
      audience: audiencesOf(profile, resource),
      types: rules.accessTokenTypes,
      signal,
    })
    checkAccessToken(profile, verified)
    const { claims } = verified
    checkBinding(claims, tokenType === 'dpop' ? profile.dpop?.thumbprint : undefined)
    if (rules.clientId(claims) !== profile.clientId) throw refused('issued a token for another client')
    if (!(rules.isAgent?.(claims) ?? claims.sub === profile.clientId)) throw refused('issued a token for a user')
    return buildAgent(profile, claims, profile.clientId)
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error
    throw new InvalidResponseError(`the authorization server issued a token that does not verify: ${error.message}`, {
      cause: error,
    })
  }
}

/** Returns the accepted audiences. Entra's `aud` is the API's application id, which ends its default identifier. */
function audiencesOf({ target }: Profile, resource: string): readonly string[] {
  return target === 'scope' ? [resource, resource.replace(/^api:\/\//, '')] : [resource]
}

function isOwnJwt(token: string, profile: Profile): boolean {
  try {
    return readIssuer(token) === profile.issuer
  } catch {
    return false
  }
}

function refused(what: string): InvalidResponseError {
  return new InvalidResponseError(`the authorization server ${what}; the token was dropped`)
}
