import { answer } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import { GRANT, OPENID_SCOPES } from '../server-facts.ts'
import { DPOP_ALGORITHMS } from '../tokens/dpop.ts'

/** Serves the metadata: OpenID Connect Discovery §3 and RFC 8414 §2 have the same document here. */
export async function metadata(context: ServerContext): Promise<Response> {
  const { endpoints } = context
  const { algorithm } = await context.key
  const resources = [...context.resources.values()]
  const clientAuthentication = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']
  return answer({
    issuer: context.issuer,
    authorization_endpoint: endpoints.authorize,
    token_endpoint: endpoints.token,
    jwks_uri: endpoints.jwks,
    backchannel_authentication_endpoint: endpoints['bc-authorize'],
    device_authorization_endpoint: endpoints['device-authorization'],
    introspection_endpoint: endpoints.introspect,
    pushed_authorization_request_endpoint: endpoints.par,
    registration_endpoint: endpoints.register,
    revocation_endpoint: endpoints.revoke,
    userinfo_endpoint: endpoints.userinfo,
    end_session_endpoint: endpoints.logout,
    ...(context.requiresPushedRequests && { require_pushed_authorization_requests: true }),
    scopes_supported: [...new Set([...OPENID_SCOPES, ...resources.flatMap((resource) => resource.scopes)])],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: Object.values(GRANT),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
    token_endpoint_auth_methods_supported: clientAuthentication,
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
    introspection_endpoint_auth_methods_supported: clientAuthentication.filter((method) => method !== 'none'),
    revocation_endpoint_auth_methods_supported: clientAuthentication,
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_user_code_parameter_supported: false,
    authorization_details_types_supported: [
      ...new Set(resources.flatMap((resource) => resource.authorizationDetailsTypes ?? [])),
    ],
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'acr',
      'sid',
      'name',
      'email',
      context.rolesClaim,
    ],
  })
}

/** Serves the key set (RFC 7517 §5). */
export async function jwks(context: ServerContext): Promise<Response> {
  return answer({ keys: [(await context.key).publicKey] })
}
