import { InvalidResponseError } from '../base/errors/index.ts'
import { revealToken } from '../credential/index.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { GrantParameters } from '../oauth/server.ts'
import type {
  AccountIdPath,
  AuthorizationAttempt,
  CheckedConnection,
  UpstreamAccount,
} from './upstream/connection-definition.ts'
import type { VaultRequest } from './vault.ts'

/** Auth0's names; the grant is a token exchange in all but its name. */
export const federatedConnectionGrant =
  'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token'
/** Type of the token that a Privileged Worker gets. */
export const workerIssuedToken = 'http://auth0.com/oauth/token-type/token-vault-access-token'
export const federatedConnectionToken = 'http://auth0.com/oauth/token-type/federated-connection-access-token'

/** Subject tokens that the grant takes from an application or an API. */
export const subjectTokenTypes: ReadonlyMap<string, string> = new Map(
  ['access_token', 'refresh_token', 'jwt'].map((type) => [type, `urn:ietf:params:oauth:token-type:${type}`]),
)

/** Returns the form of a vault request. */
export function federatedConnectionRequest(
  request: VaultRequest,
  subjectToken: SubjectToken,
  subjectTokenType: string,
  requestedTokenType: string,
): GrantParameters {
  return {
    subject_token: revealToken(subjectToken.token),
    subject_token_type: subjectTokenType,
    requested_token_type: requestedTokenType,
    connection: request.connection,
    // Auth0 returns the scopes that the account was linked with; another broker may narrow them.
    scope: request.scopes.join(' '),
    ...(request.account !== undefined && { login_hint: request.account }),
  }
}

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** Returns the form of an exchange at a broker. */
export function brokerExchangeRequest({ scopes }: VaultRequest, { token, type }: SubjectToken): GrantParameters {
  return {
    subject_token: revealToken(token),
    subject_token_type: `urn:ietf:params:oauth:token-type:${type}`,
    requested_token_type: accessTokenType,
    scope: scopes.join(' '),
  }
}

/**
 * Query of an authorization request: code flow with PKCE.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7636#section-4.3 | RFC 7636 §4.3}
 */
export function authorizationRequest(
  connection: CheckedConnection,
  attempt: AuthorizationAttempt,
  codeChallenge: string,
): Readonly<Record<string, string>> {
  const { profile, alwaysScopes, scopeParameter, scopeSeparator, authorizationParameters, account, resource } =
    connection
  return {
    ...authorizationParameters,
    client_id: profile.clientId,
    response_type: 'code',
    redirect_uri: attempt.redirectUri,
    [scopeParameter]: [...new Set([...alwaysScopes, ...attempt.scopes])].join(scopeSeparator),
    state: attempt.state,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...(account.from === 'id_token' && { nonce: attempt.nonce }),
    ...(resource !== undefined && { resource }),
  }
}

const MAX_ACCOUNT_TEXT = 256

/** Reads the account's id and label. @throws InvalidResponseError No id is there. */
export function readAccount(
  json: unknown,
  names: { readonly id: AccountIdPath; readonly label?: string },
): UpstreamAccount {
  const id = typeof names.id === 'string' ? textAt(json, names.id) : joinedAt(json, names.id)
  if (id === undefined || id === '') throw new InvalidResponseError('the provider did not say whose account it is')
  const label = names.label === undefined ? undefined : textAt(json, names.label)
  return { id, ...(label !== undefined && { label }) }
}

function joinedAt(json: unknown, paths: readonly string[]): string | undefined {
  const parts = paths.map((path) => textAt(json, path))
  // A colon within a part could make the ids of two accounts equal.
  return parts.every((part) => part !== undefined && part !== '' && !part.includes(':')) ? parts.join(':') : undefined
}

function textAt(json: unknown, path: string): string | undefined {
  let at = json
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  // Larger numbers lose their last digits when JSON is read, so the ids of two accounts could become equal.
  if (typeof at !== 'string' && !Number.isSafeInteger(at)) return undefined
  const text = String(at)
  return text.length <= MAX_ACCOUNT_TEXT ? text : undefined
}
