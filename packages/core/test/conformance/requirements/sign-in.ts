import type { Requirement } from '@behalf/testing/requirements'

const rfc = (number: number, name: string) => `https://www.rfc-editor.org/rfc/rfc${number}#section-${name}`
const core = 'https://openid.net/specs/openid-connect-core-1_0.html'
const logout = 'https://openid.net/specs/openid-connect-rpinitiated-1_0.html'

/** What a client has to do where it signs a user in, by the specifications that have a part in it. */
export const signIn = [
  {
    id: 'RFC6749-10.12-state',
    clause: rfc(6749, '10.12'),
    text: 'MUST bind an authorization request to the browser, and refuse an answer in another one.',
  },
  {
    id: 'RFC6749-4.1.3-redirect_uri',
    clause: rfc(6749, '4.1.3'),
    text: 'MUST send the `redirect_uri` of the authorization request with the code.',
  },
  {
    id: 'RFC6749-4.1.2-once',
    clause: rfc(6749, '4.1.2'),
    text: 'MUST NOT use a code more than once.',
  },
  {
    id: 'RFC9700-2.1-mix-up',
    clause: rfc(9700, '2.1'),
    text: 'MUST NOT take the answer of another server, client or redirect URI for that of the request.',
  },
  {
    id: 'RFC9700-4.11-redirectors',
    clause: rfc(9700, '4.11.1'),
    text: 'MUST NOT lead the browser to a place that a parameter of the request names elsewhere.',
  },
  {
    id: 'RFC8707-2-sign-in',
    clause: rfc(8707, '2.2'),
    text: 'SHOULD send the `resource` of the authorization request with the code, too (ours).',
  },
  {
    id: 'RFC9126-2.1-authenticated',
    clause: rfc(9126, '2.1'),
    text: 'MUST authenticate the client at the endpoint for pushed requests as at the token endpoint.',
  },
  {
    id: 'RFC9126-4-reference',
    clause: rfc(9126, '4'),
    text: 'MUST send the browser with `client_id` and `request_uri` (ours: with nothing else).',
  },
  {
    id: 'RFC9126-5-required',
    clause: rfc(9126, '5'),
    text: 'MUST push the request where the server takes no other one.',
  },
  {
    id: 'RFC9101-4-object',
    clause: rfc(9101, '4'),
    text: 'MUST sign every parameter of the request, with `client_id`, and with the server as `aud`.',
  },
  {
    id: 'RFC9101-5-client_id',
    clause: rfc(9101, '5'),
    text: 'MUST send `client_id` beside `request`, with the same value (ours: and nothing else).',
  },
  {
    id: 'RFC9449-10-dpop_jkt',
    clause: rfc(9449, '10'),
    text: 'SHOULD bind the code to the key of the client (ours: in every request).',
  },
  {
    id: 'OIDC-CORE-3.1.2.1-openid',
    clause: `${core}#AuthRequest`,
    text: 'MUST have `openid` in `scope`, and `response_type`, `client_id` and `redirect_uri`.',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-acr',
    clause: `${core}#IDTokenValidation`,
    text: 'SHOULD check that `acr` is appropriate where it was asked for (ours: one of those that were asked for).',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-auth_time',
    clause: `${core}#IDTokenValidation`,
    text: 'SHOULD check `auth_time` where a `max_age` was sent, and refuse an older login (ours: also one that does not say its age).',
  },
  {
    id: 'OIDC-CORE-5.3.2-sub',
    clause: `${core}#UserInfoResponse`,
    text: 'MUST have exactly the `sub` of the id_token; the claims of another one MUST NOT be used.',
  },
  {
    id: 'RP-LOGOUT-2-hint',
    clause: `${logout}#RPLogout`,
    text: 'SHOULD send `id_token_hint` with the wish to log out, where there is one.',
  },
  {
    id: 'RP-LOGOUT-3-state',
    clause: `${logout}#RedirectionAfterLogout`,
    text: 'SHOULD send the `state` of the app, which the server passes back with the browser.',
  },
  {
    id: 'RP-LOGOUT-3-redirect',
    clause: `${logout}#RedirectionAfterLogout`,
    text: 'MUST ask to return only to an address of the app (ours).',
  },
] as const satisfies readonly Requirement[]
