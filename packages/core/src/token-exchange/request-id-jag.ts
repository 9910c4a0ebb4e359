import type { Actor, UserIdentity } from '../base/contract/index.ts'
import { BehalfError, ConfigurationError, IdentityRequiredError, InvalidResponseError } from '../base/errors/index.ts'
import { namesOf, refuseUnknownKeys, requireText, scopeList } from '../base/values/index.ts'
import { revealToken, Token } from '../credential/index.ts'
import { checkBinding } from '../identity/check-access-token.ts'
import { subjectTokenOf } from '../identity/subject-token.ts'
import { isVerified } from '../identity/verified.ts'
import { readActor } from '../identity/wire.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer, RequestOptions, TokenResponse } from '../oauth/server.ts'
import { grantedScopes } from '../oauth/tokens/scopes.ts'
import { tokenExchangeGrant, tokenTypeUri } from './exchange-request.ts'

const idJagType = 'urn:ietf:params:oauth:token-type:id-jag'

/** Options of `requestIdJag`. */
export interface RequestIdJagOptions extends RequestOptions {
  /** The user's own issuer, with our client there. */
  readonly identityProvider: AuthorizationServer
  /** User to assert. Verified, with an id_token behind the identity. */
  readonly identity: UserIdentity
  /** Receiver of the assertion: the authorization server of the API, and our client there. */
  readonly authorizationServer: Profile
  /** The API's identifier. */
  readonly resource: string
  /** Scopes to request. At least one. */
  readonly scopes: readonly string[]
}

/** An assertion for one authorization server, checked. It is never sent to another server. */
export interface IdJag {
  /** Assertion (ID-JAG) for the token endpoint of `audience`. Secret. */
  readonly assertion: Token
  /** Identifier of the API for which it was requested. */
  readonly resource: string
  /** Scopes that were granted. */
  readonly scopes: readonly string[]
  /** Epoch seconds. */
  readonly expiresAt: number
  /** Issuer that the assertion is for. */
  readonly audience: string
  /** Party that acts for the user. Absent where the assertion names none. */
  readonly actor?: Actor
}

const optionKeys = namesOf<RequestIdJagOptions>(
  'identityProvider',
  'identity',
  'authorizationServer',
  'resource',
  'scopes',
  'signal',
  'timeoutMs',
)

const requiredClaims = ['sub', 'client_id', 'jti', 'exp', 'iat']

/**
 * Asks the user's issuer to assert them to another authorization server (an ID-JAG).
 *
 * The assertion is not an access token, and must say so. It is verified before it is sent anywhere: signature, type,
 * audience (only that server), client, API, scopes, and the key if our client there proves one.
 *
 * @throws OAuthResponseError The issuer refused. `insufficient_user_authentication`: the user must sign in more
 *   strongly; `acrValues` and `maxAge` say how. `invalid_request`, `invalid_grant`: the id_token has expired.
 * @throws InvalidResponseError The assertion is for another target than requested. It was discarded. Its `sub` is the
 *   issuer's own name of the user for that server, and is compared with nothing.
 * @throws IdentityRequiredError The identity is not verified, or came without an id_token.
 * @throws ConfigurationError An option is wrong, or both servers are the same.
 */
export async function requestIdJag(options: RequestIdJagOptions): Promise<IdJag> {
  refuseUnknownKeys('requestIdJag', options, optionKeys)
  const { identityProvider, identity, authorizationServer: target, signal, timeoutMs } = options
  const resource = requireText('requestIdJag.resource', options.resource)
  const scopes = scopeList('requestIdJag.scopes', options.scopes)
  if (!isVerified(identity) || identity.issuer !== identityProvider.profile.issuer) {
    throw new IdentityRequiredError('an issuer asserts its own users only, by an identity that a verification made')
  }
  // The draft: an issuer must not redeem its own assertions.
  if (target.issuer === identity.issuer) {
    throw new ConfigurationError(
      'requestIdJag.authorizationServer',
      'is the user’s own issuer: exchange the token there',
    )
  }
  const response = await identityProvider.grant(
    tokenExchangeGrant,
    {
      subject_token: revealToken(idTokenOf(identity)),
      subject_token_type: tokenTypeUri('id_token'),
      requested_token_type: idJagType,
      audience: target.issuer,
      resource,
      scope: scopes.join(' '),
    },
    { signal, timeoutMs },
  )
  return checked(response, { identityProvider, target, resource, scopes, signal })
}

/** Returns whether the identity has an id_token, by which an issuer asserts a user. */
export function hasIdToken(identity: UserIdentity): boolean {
  const { type, idToken } = subjectTokenOf(identity) ?? {}
  return type === 'id_token' || idToken !== undefined
}

function idTokenOf(identity: UserIdentity): Token {
  const subject = subjectTokenOf(identity)
  const idToken = subject?.type === 'id_token' ? subject.token : subject?.idToken
  if (idToken !== undefined) return idToken
  throw new IdentityRequiredError('the identity came without an id_token: take it from a login or a kept session')
}

interface Asked extends RequestOptions {
  readonly identityProvider: AuthorizationServer
  readonly target: Profile
  readonly resource: string
  readonly scopes: readonly string[]
}

async function checked(response: TokenResponse, asked: Asked): Promise<IdJag> {
  const { identityProvider, target, resource, scopes, signal } = asked
  if (response.issuedTokenType !== idJagType) throw refused('issued a token of another type than was asked')
  if (response.tokenType !== 'n_a') throw refused('issued an access token where an assertion was asked')
  let claims: Readonly<Record<string, unknown>>
  let actor: Actor | undefined
  try {
    const verified = await identityProvider.verifyJwt(response.accessToken, {
      audience: target.issuer,
      types: ['oauth-id-jag+jwt'],
      signal,
    })
    claims = verified.claims
    actor = readActor(claims.act)
    // Without its binding, a thief could redeem the assertion.
    checkBinding(claims, target.dpop?.thumbprint)
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_INVALID_TOKEN') throw error
    throw new InvalidResponseError(`the issuer's assertion does not verify: ${error.message}`, { cause: error })
  }
  checkClaims(claims, target, resource)
  // An assertion names them in `scope`, wherever the access tokens of its issuer do.
  const { unaskedScopes } = identityProvider.profile.token
  const rules = { scopes: ({ scope }: typeof claims) => scope, ...(unaskedScopes && { unaskedScopes }) }
  const granted = grantedScopes(rules, { asked: scopes, answered: response.scopes, claims })
  if ('problem' in granted) throw refused(granted.problem)
  return {
    assertion: new Token(response.accessToken),
    resource,
    scopes: granted.scopes ?? scopes,
    expiresAt: claims.exp as number,
    audience: target.issuer,
    ...(actor !== undefined && { actor }),
  }
}

function checkClaims(claims: Readonly<Record<string, unknown>>, target: Profile, resource: string): void {
  const absent = requiredClaims.filter((name) => claims[name] === undefined)
  if (absent.length > 0) throw refused(`issued an assertion without ${absent.join(', ')}`)
  // Accepts exactly one audience: another server in `aud` could redeem it too.
  if (Array.isArray(claims.aud) && claims.aud.length !== 1) throw refused('issued an assertion for several servers')
  if (claims.client_id !== target.clientId) throw refused('issued an assertion for another client')
  const resources = typeof claims.resource === 'string' ? [claims.resource] : claims.resource
  if (resources !== undefined && !(Array.isArray(resources) && resources.length === 1 && resources[0] === resource)) {
    throw refused('issued an assertion for another API')
  }
}

function refused(what: string): InvalidResponseError {
  return new InvalidResponseError(`the user's issuer ${what}; it was dropped`)
}
