import type { GrantParameters } from '../authorization-server/index.ts'
import { revealToken } from '../credential/index.ts'
import type { SubjectToken } from '../identity/index.ts'
import type { VaultRequest } from './vault.ts'

/** Auth0's names; the grant is a token exchange in all but its name. */
export const federatedConnectionGrant =
  'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token'
export const federatedConnectionToken = 'http://auth0.com/oauth/token-type/federated-connection-access-token'

/** Subject tokens that the grant takes from an application or an API. */
export const subjectTokenTypes: ReadonlyMap<string, string> = new Map(
  ['access_token', 'refresh_token'].map((type) => [type, `urn:ietf:params:oauth:token-type:${type}`]),
)

/** The form of a vault request. */
export function federatedConnectionRequest(
  request: VaultRequest,
  subjectToken: SubjectToken,
  subjectTokenType: string,
): GrantParameters {
  return {
    subject_token: revealToken(subjectToken.token),
    subject_token_type: subjectTokenType,
    requested_token_type: federatedConnectionToken,
    connection: request.connection,
    // Auth0 gives out what the account was linked with; another broker may narrow it.
    scope: request.scopes.join(' '),
    ...(request.account !== undefined && { login_hint: request.account }),
  }
}
