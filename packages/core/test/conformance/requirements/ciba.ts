import type { Requirement } from '@behalf/testing/requirements'

const spec = 'https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html'

export const ciba = [
  {
    id: 'CIBA-7.1-scope',
    clause: `${spec}#auth_request`,
    text: 'MUST send `scope` with the value `openid` among its values.',
  },
  {
    id: 'CIBA-7.1-one-hint',
    clause: `${spec}#auth_request`,
    text: 'MUST send exactly one of `login_hint`, `id_token_hint` and `login_hint_token`.',
  },
  {
    id: 'CIBA-7.1-client-authentication',
    clause: `${spec}#auth_request`,
    text: 'MUST authenticate at the backchannel endpoint with the method registered for the token endpoint.',
  },
  {
    id: 'CIBA-7.1-requested_expiry',
    clause: `${spec}#auth_request`,
    text: 'MUST send `requested_expiry` as a positive integer.',
  },
  {
    id: 'CIBA-7.3-acknowledgement',
    clause: `${spec}#successful_authentication_request_acknowdlegment`,
    text: 'MUST refuse an acknowledgement without `auth_req_id` or `expires_in`; an absent `interval` is 5 seconds (ours: also one that is no positive number).',
  },
  {
    id: 'CIBA-10.1-interval',
    clause: `${spec}#token_request`,
    text: 'MUST wait at least `interval` seconds between two token requests (ours: from the response to the next request).',
  },
  {
    id: 'CIBA-10.1.1-id_token',
    clause: `${spec}#token_response`,
    text: 'MUST validate the id_token as OpenID Connect Core §3.1.3.7 says before relying on the answer.',
  },
  {
    id: 'CIBA-11-slow_down',
    clause: `${spec}#token_error_response`,
    text: 'MUST lengthen the interval by at least 5 seconds on `slow_down`, for this and all later requests.',
  },
  {
    id: 'CIBA-11-final',
    clause: `${spec}#token_error_response`,
    text: 'MUST NOT poll again after `invalid_request`, nor after `access_denied` or `expired_token` (A4; ours: `invalid_request` directly after `slow_down` or an early poll is a `slow_down`).',
  },
  {
    id: 'CIBA-7.1-parameters',
    clause: `${spec}#auth_request`,
    text: 'MUST send `binding_message`, `user_code`, `acr_values` and `client_notification_token` in the form that the specification and the provider give them.',
  },
  {
    id: 'CIBA-7.1.1-signed-request',
    clause: `${spec}#signed_auth_request`,
    text: 'MUST put every parameter inside a signed request, with `iss`, `aud`, `exp`, `iat`, `nbf` and `jti`, and none beside it.',
  },
  {
    id: 'CIBA-10.1-one-at-a-time',
    clause: `${spec}#token_request`,
    text: 'MUST NOT have two token requests for one `auth_req_id` under way at a time.',
  },
  {
    id: 'CIBA-10.1-long-poll',
    clause: `${spec}#token_request`,
    text: 'SHOULD let a server hold a token request open for 30 seconds.',
  },
  {
    id: 'CIBA-10.2-ping',
    clause: `${spec}#ping_callback`,
    text: 'MUST check that the bearer token of a notification belongs to its `auth_req_id`, SHOULD answer 204, and MUST NOT redirect.',
  },
  {
    id: 'CIBA-10.3.1-bound-id_token',
    clause: `${spec}#successful_token_push`,
    text: 'MUST refuse an id_token whose `auth_req_id` claim or `at_hash` belongs to another request or access token (I7: where push is not used, they may be missing).',
  },
] as const satisfies readonly Requirement[]

export const rfc9396 = [
  {
    id: 'RFC9396-7-granted-details',
    clause: 'https://www.rfc-editor.org/rfc/rfc9396#section-7',
    text: 'MUST compare the `authorization_details` that the server granted with what was asked before relying on them (ours: the server MUST return them).',
  },
  {
    id: 'RFC9396-2-type',
    clause: 'https://www.rfc-editor.org/rfc/rfc9396#section-2',
    text: 'MUST send a `type` with each authorization detail.',
  },
] as const satisfies readonly Requirement[]
