import type { MockClient } from '@behalf/testing'
import { CONFIDENTIAL_GRANTS, GRANT } from '@behalf/testing/authorization-server'
import type { ClientMetadata } from 'oidc-provider'

/** A client as the library registers it. */
export function clientMetadata(client: MockClient, detailTypes: readonly string[]): ClientMetadata {
  const isPublic = client.clientSecret === undefined && client.publicKeys === undefined
  const redirectUris = client.redirectUris ?? []
  const isLoopback = redirectUris.some((uri) => uri.startsWith('http:'))
  const grantTypes = (client.grantTypes ?? Object.values(GRANT)).filter(
    (grantType) =>
      !(isPublic && CONFIDENTIAL_GRANTS.includes(grantType)) &&
      !(redirectUris.length === 0 && grantType === GRANT.authorizationCode),
  )
  return {
    client_id: client.clientId,
    // RFC 8252 §7.3: only native clients may use plain http to loopback.
    application_type: isLoopback ? 'native' : 'web',
    redirect_uris: [...redirectUris],
    response_types: redirectUris.length > 0 ? ['code'] : [],
    grant_types: [...grantTypes],
    token_endpoint_auth_method: isPublic ? 'none' : client.publicKeys ? 'private_key_jwt' : 'client_secret_basic',
    ...(client.clientSecret !== undefined && { client_secret: client.clientSecret }),
    ...(client.publicKeys && { jwks: { keys: client.publicKeys.map((key) => ({ ...key })) as never } }),
    ...(grantTypes.includes(GRANT.ciba) && {
      backchannel_token_delivery_mode: client.notificationEndpoint === undefined ? 'poll' : 'ping',
    }),
    ...(client.notificationEndpoint !== undefined && {
      // The library accepts only https. A notification to loopback is still sent over http (see `sender`).
      backchannel_client_notification_endpoint: client.notificationEndpoint.replace(/^http:/, 'https:'),
    }),
    ...(detailTypes.length > 0 && { authorization_details_types: [...detailTypes] }),
  }
}
