import type { MockClient } from '@behalf/testing'
import type { ClientMetadata } from 'oidc-provider'

/** The grant types that this server takes. */
export const GRANT = {
  authorizationCode: 'authorization_code',
  refreshToken: 'refresh_token',
  clientCredentials: 'client_credentials',
  ciba: 'urn:openid:params:grant-type:ciba',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  federatedConnection: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
} as const

/** Grants that a public client may not use: they prove nothing without a client's own credentials. */
const CONFIDENTIAL: readonly string[] = [
  GRANT.clientCredentials,
  GRANT.ciba,
  GRANT.tokenExchange,
  GRANT.jwtBearer,
  GRANT.federatedConnection,
]

/** A client as the library registers it. */
export function clientMetadata(client: MockClient, detailTypes: readonly string[]): ClientMetadata {
  const isPublic = client.clientSecret === undefined && client.publicKeys === undefined
  const redirectUris = client.redirectUris ?? []
  const isLoopback = redirectUris.some((uri) => uri.startsWith('http:'))
  const grantTypes = (client.grantTypes ?? Object.values(GRANT)).filter(
    (grantType) =>
      !(isPublic && CONFIDENTIAL.includes(grantType)) &&
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
