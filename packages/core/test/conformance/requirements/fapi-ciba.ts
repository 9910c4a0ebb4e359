import type { Requirement } from '@behalf/testing/requirements'

const profile = 'https://openid.net/specs/openid-financial-api-ciba-ID1.html'
const ciba = 'https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html'
const baseline = 'https://openid.net/specs/openid-financial-api-part-1-1_0.html'
const advanced = 'https://openid.net/specs/openid-financial-api-part-2-1_0.html'
const fapi2 = 'https://openid.net/specs/fapi-security-profile-2_0-final.html'
const core = 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation'
const idToken = 'https://openid.net/specs/openid-connect-core-1_0.html#IDToken'

/**
 * What the client modules of the OpenID Foundation's FAPI-CIBA plan look at, each by the name of its module. Its three
 * modules for one national scheme are left out. After them, the clauses for a confidential client of FAPI-CIBA (its
 * first implementer's draft, ID1) and of the parts of FAPI 1.0 that it refers to.
 *
 * Clauses that have no entry:
 * - Redirects: Part 1 §5.2.3-1 to 10, Part 2 §5.2.3-2, 9, 15 and 16, §5.2.3.1 and §5.2.3.2. CIBA has no browser.
 * - Client secrets of 128 bits, Part 1 §5.2.4-4: the profile refuses secrets.
 * - Sender-constrained tokens, Part 2 §5.2.3-1: RFC 8705 and RFC 9449 have entries of their own. The server issues them.
 * - Tokens in the header, Part 1 §6.2.2-1: RFC 6750 has an entry.
 * - TLS 1.2, its ciphers and its certificates, Part 1 §7.1 and Part 2 §8.5: those of the app's `fetch`. Part 1 §5.2.2-22
 *   wants metadata that the server publishes: there is no other way to a backchannel endpoint.
 * - `request_context` and metadata of the device, §5.3 and §6.2-2: optional, and the servers' own.
 *
 * Later drafts of FAPI-CIBA (03) only advise to sign, and allow FAPI 2.0: its EdDSA is not allowed here.
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
    clause: `${advanced}#authorization-server-provisions`,
    text: 'MUST authenticate by `private_key_jwt` or by a certificate (Part 2 §5.2.2-14), with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-assertion-audience',
    clause: `${fapi2}#section-5.3.3.1`,
    text: 'MUST name the issuer alone, as text, as the audience of an assertion (FAPI 2.0; the default with FAPI 1.0).',
  },
  {
    id: 'FAPI-CIBA-signed-request',
    clause: profile,
    text: 'MUST send signed requests only (§5.2.3.1-1), with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-request-claims',
    clause: `${advanced}#confidential-client`,
    text: 'MUST put all parameters into the signed request, with the issuer as `aud`, `nbf`, and `exp` at most 60 minutes later (Part 2 §5.2.3-8, 10, 11 and 14; §5.2.2-9).',
  },
  {
    id: 'FAPI-CIBA-algorithms',
    clause: `${advanced}#algorithm-considerations`,
    text: 'MUST use PS256 or ES256 for assertions, requests and id_tokens (§7.6, Part 2 §8.6), with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-encryption',
    clause: `${advanced}#encryption-algorithm-considerations`,
    text: 'MUST NOT use `RSA1_5` (§7.6, Part 2 §8.6.1; ours: an encrypted id_token is refused).',
  },
  {
    id: 'FAPI-CIBA-key-size',
    clause: `${baseline}#confidential-client`,
    text: 'MUST use RSA keys of 2048 bits or more (Part 1 §5.2.4-2; an ES256 key has 256 bits, §5.2.4-3).',
  },
  {
    id: 'FAPI-CIBA-duplicate-kid',
    clause: `${advanced}#duplicate-key-identifiers`,
    text: 'MUST choose by type and algorithm where several keys of the server have one `kid` (Part 2 §8.11).',
  },
  {
    id: 'FAPI-CIBA-context',
    clause: profile,
    text: 'MUST send a `binding_message`, or a context that is as clear (§5.2.3.1-2; ours: the message in every request).',
  },
  {
    id: 'FAPI-CIBA-level',
    clause: profile,
    text: 'MUST make sure that the person was authenticated at the level that the action needs (§5.2.3.1-3, Part 2 §5.2.3-3), with the profile `fapi`, unless the app leaves the level to the server.',
  },
  {
    id: 'FAPI-CIBA-essential-acr',
    clause: 'https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics',
    text: 'SHOULD ask for the level as an essential claim too (OpenID Connect Core §5.5.1.1; CIBA Core has no `claims`, and FAPI 1.0 uses it), with the profile `fapi`.',
  },
  {
    id: 'FAPI-CIBA-consumption-device',
    clause: profile,
    text: 'MUST NOT send `x-fapi-customer-ip-address` or `x-fapi-auth-date`, since the client may not control the device (§6.2-1).',
  },
  {
    id: 'FAPI-CIBA-push',
    clause: profile,
    text: 'MUST NOT take tokens from a notification: they come from the token endpoint (§7.8).',
  },
] as const satisfies readonly Requirement[]
