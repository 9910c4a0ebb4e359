import type { Requirement } from '@behalf/testing/requirements'

const profile = 'https://openid.net/specs/openid-financial-api-ciba-ID1.html'
const ciba = 'https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html'
const readWrite = 'https://openid.net/specs/openid-financial-api-part-2-1_0.html'
const core = 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation'
const idToken = 'https://openid.net/specs/openid-connect-core-1_0.html#IDToken'

/**
 * What the client modules of the OpenID Foundation's FAPI-CIBA plan look at, each by the name of its module.
 * Its three modules for one national scheme are left out.
 */
export const fapiCiba = [
  {
    id: 'FAPI-CIBA-client',
    clause: profile,
    text: 'MUST carry out a whole flow: request, polls while it is pending, answer.',
  },
  {
    id: 'FAPI-CIBA-client-refresh-token',
    clause: 'https://www.rfc-editor.org/rfc/rfc6749#section-6',
    text: 'MUST use the newest refresh token, where a refresh brought one.',
  },
  {
    id: 'FAPI-CIBA-client-valid-aud-as-array',
    clause: core,
    text: 'MUST accept an `aud` that is an array with the client id alone.',
  },
  {
    id: 'FAPI-CIBA-client-no-scope-in-token-endpoint-response',
    clause: 'https://www.rfc-editor.org/rfc/rfc6749#section-5.1',
    text: 'MUST accept an answer without `scope` and without `expires_in`: what was asked was granted.',
  },
  {
    id: 'FAPI-CIBA-client-respects-polling-interval',
    clause: `${ciba}#token_request`,
    text: 'MUST wait the `interval` of the acknowledgement between polls, however long it is.',
  },
  {
    id: 'FAPI-CIBA-client-slow-down',
    clause: `${ciba}#token_error_response`,
    text: 'MUST wait at least 10 s after `slow_down`, where the interval was 5 s.',
  },
  {
    id: 'FAPI-CIBA-client-backchannel-response-missing-auth-req-id',
    clause: `${ciba}#successful_authentication_request_acknowdlegment`,
    text: 'MUST NOT poll after an acknowledgement without `auth_req_id`.',
  },
  {
    id: 'FAPI-CIBA-client-backchannel-response-missing-expires-in',
    clause: `${ciba}#successful_authentication_request_acknowdlegment`,
    text: 'MUST NOT poll after an acknowledgement without `expires_in`.',
  },
  {
    id: 'FAPI-CIBA-client-backchannel-unknown-user-id',
    clause: `${ciba}#auth_error_response`,
    text: 'MUST NOT poll after the server refused the request with `unknown_user_id`.',
  },
  {
    id: 'FAPI-CIBA-client-token-invalid-request',
    clause: `${ciba}#token_error_response`,
    text: 'MUST NOT poll again after `invalid_request`.',
  },
  {
    id: 'FAPI-CIBA-client-access-denied',
    clause: `${ciba}#token_error_response`,
    text: 'MUST NOT poll again after `access_denied`.',
  },
  {
    id: 'FAPI-CIBA-client-expired-token',
    clause: `${ciba}#token_error_response`,
    text: 'MUST NOT poll an id again after `expired_token`.',
  },
  { id: 'FAPI-CIBA-client-invalid-iss', clause: core, text: 'MUST refuse an id_token of another issuer.' },
  { id: 'FAPI-CIBA-client-invalid-aud', clause: core, text: 'MUST refuse an id_token for another client.' },
  {
    id: 'FAPI-CIBA-client-invalid-secondary-aud',
    clause: core,
    text: 'MUST refuse an id_token that is for others too, whom the client does not trust.',
  },
  {
    id: 'FAPI-CIBA-client-invalid-signature',
    clause: core,
    text: 'MUST refuse an id_token whose signature does not verify (ours too where the clause lets TLS stand for it).',
  },
  {
    id: 'FAPI-CIBA-client-invalid-null-alg',
    clause: idToken,
    text: 'MUST refuse an id_token with the algorithm `none`.',
  },
  {
    id: 'FAPI-CIBA-client-invalid-alternate-alg',
    clause: core,
    text: 'SHOULD refuse an id_token signed by another algorithm than the registered one.',
  },
  { id: 'FAPI-CIBA-client-invalid-expired-exp', clause: core, text: 'MUST refuse an id_token that has expired.' },
  {
    id: 'FAPI-CIBA-client-invalid-iat-is-week-in-past',
    clause: core,
    text: 'SHOULD refuse an id_token that was issued a week ago (ours: the range is the client’s to say).',
  },
  { id: 'FAPI-CIBA-client-invalid-missing-aud', clause: core, text: 'MUST refuse an id_token without `aud`.' },
  { id: 'FAPI-CIBA-client-invalid-missing-exp', clause: core, text: 'MUST refuse an id_token without `exp`.' },
  { id: 'FAPI-CIBA-client-invalid-missing-iss', clause: core, text: 'MUST refuse an id_token without `iss`.' },
  {
    id: 'FAPI-CIBA-client-ping-with-invalid-bearer-token',
    clause: `${ciba}#ping_callback`,
    text: 'SHOULD answer 401 to a ping whose bearer token does not belong to the request.',
  },
  {
    id: 'FAPI-CIBA-client-ping-without-bearer-token',
    clause: `${ciba}#ping_callback`,
    text: 'SHOULD answer 401 to a ping without a bearer token.',
  },
  {
    id: 'FAPI-CIBA-client-ping-with-wrong-auth-req-id',
    clause: `${ciba}#ping_callback`,
    text: 'MUST NOT act on a ping that names another request than its bearer token.',
  },
  {
    id: 'FAPI-CIBA-client-ping-duplicate-notification',
    clause: `${ciba}#ping_callback`,
    text: 'MUST ask for the token once, however often it is pinged (ours).',
  },
  {
    id: 'FAPI-CIBA-client-authentication',
    clause: readWrite,
    text: 'MUST authenticate by `private_key_jwt` or by a certificate, with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-signed-request',
    clause: profile,
    text: 'MUST sign the request, with `exp` at most 60 minutes after `nbf`, with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-algorithms',
    clause: readWrite,
    text: 'MUST use PS256 or ES256 for assertions, requests and id_tokens, with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-context',
    clause: profile,
    text: 'MUST send a `binding_message`, or a context that is as clear (ours: the message in every request).',
  },
  {
    id: 'FAPI-CIBA-level',
    clause: profile,
    text: 'MUST make sure that the person was authenticated at the level that the action needs, with the profile `fapi`.',
  },
] as const satisfies readonly Requirement[]
