import type { Requirement } from '@behalf/testing/requirements'

const section = (number: string) =>
  `https://datatracker.ietf.org/doc/html/draft-ietf-oauth-identity-assertion-authz-grant-03#section-${number}`

/** Identity Assertion JWT Authorization Grant (draft 03), as far as a client of both servers is concerned. */
export const idJag = [
  {
    id: 'ID-JAG-request-type',
    clause: section('4.3'),
    text: 'MUST ask by `requested_token_type` for `urn:ietf:params:oauth:token-type:id-jag`.',
  },
  {
    id: 'ID-JAG-request-audience',
    clause: section('4.3'),
    text: 'MUST name the issuer of the resource authorization server by `audience`.',
  },
  {
    id: 'ID-JAG-request-subject',
    clause: section('4.3'),
    text: 'MUST send the identity assertion of the user as `subject_token`, with its type.',
  },
  {
    id: 'ID-JAG-request-resource',
    clause: section('4.3'),
    text: 'SHOULD name the API by `resource` and what is wanted by `scope` (I5), so that the assertion is bounded by them.',
  },
  {
    id: 'ID-JAG-response-type',
    clause: section('4.3.4'),
    text: 'MUST refuse an answer without `issued_token_type` of an ID-JAG and `token_type` `N_A`, and MUST NOT use it as an access token.',
  },
  {
    id: 'ID-JAG-typ',
    clause: section('3.1'),
    text: 'MUST have the `typ` `oauth-id-jag+jwt`: any other JWT is no assertion.',
  },
  {
    id: 'ID-JAG-claims',
    clause: section('3.1'),
    text: 'MUST have the claims `iss`, `sub`, `aud`, `client_id`, `jti`, `exp` and `iat`.',
  },
  {
    id: 'ID-JAG-aud',
    clause: section('4.4.1'),
    text: 'MUST have the issuer of the resource authorization server as its only `aud`.',
  },
  {
    id: 'ID-JAG-client_id',
    clause: section('3.1'),
    text: 'MUST have as `client_id` the client at the resource authorization server that will redeem it.',
  },
  {
    id: 'ID-JAG-scope',
    clause: section('4.3.3'),
    text: 'MUST NOT hold a `resource` or `scope` beyond what was asked (I7: the server may grant less).',
  },
  {
    id: 'ID-JAG-cnf',
    clause: section('8.6.1.1'),
    text: 'MUST have `cnf` of the key that was proved: a server may leave out the binding without an error.',
  },
  {
    id: 'ID-JAG-redeem-grant',
    clause: section('4.4'),
    text: 'MUST redeem by the grant `urn:ietf:params:oauth:grant-type:jwt-bearer`, with the JWT as `assertion`.',
  },
  {
    id: 'ID-JAG-redeem-client',
    clause: section('8.1'),
    text: 'SHOULD be used by confidential clients, which authenticate at both servers.',
  },
  {
    id: 'ID-JAG-redeem-where',
    clause: section('8.3'),
    text: 'MUST NOT be sent to another authorization server than the one in `aud`.',
  },
  {
    id: 'ID-JAG-redeem-own',
    clause: section('8.3'),
    text: 'MUST NOT be redeemed at the server that issued it.',
  },
  {
    id: 'ID-JAG-redeem-refresh',
    clause: section('4.4.3'),
    text: 'SHOULD NOT get a refresh token: the next access token takes another assertion.',
  },
  {
    id: 'ID-JAG-redeem-bound',
    clause: section('8.6.1.2'),
    text: 'MUST be redeemed with a proof of the key that it is bound to, for a token that SHOULD be bound to it.',
  },
  {
    id: 'ID-JAG-step-up',
    clause: section('8.2'),
    text: 'MUST have the user sign in again on `insufficient_user_authentication`, as `max_age` and `acr_values` (RFC 9470) say.',
  },
] as const satisfies readonly Requirement[]
