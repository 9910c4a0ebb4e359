import type { Requirement } from '@behalf/testing/contract'

const clause = 'https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/03/'

/** Identity Assertion JWT Authorization Grant (draft 03), as far as a client of both servers is concerned. */
export const idJag = [
  {
    id: 'ID-JAG-request-type',
    clause,
    text: 'Token exchange request: MUST ask by `requested_token_type` for `urn:ietf:params:oauth:token-type:id-jag`.',
  },
  {
    id: 'ID-JAG-request-audience',
    clause,
    text: 'Token exchange request: MUST name the issuer of the resource authorization server by `audience`.',
  },
  {
    id: 'ID-JAG-request-subject',
    clause,
    text: 'Token exchange request: MUST send the identity assertion of the user as `subject_token`, with its type.',
  },
  {
    id: 'ID-JAG-request-resource',
    clause,
    text: 'Token exchange request: names the API by `resource` and what is wanted by `scope`.',
  },
  {
    id: 'ID-JAG-response-type',
    clause,
    text: 'Token exchange response: MUST have `issued_token_type` of an ID-JAG and `token_type` `N_A`; it is no access token.',
  },
  { id: 'ID-JAG-typ', clause, text: 'The JWT MUST have the `typ` `oauth-id-jag+jwt`.' },
  {
    id: 'ID-JAG-claims',
    clause,
    text: 'The JWT MUST have `iss`, `sub`, `aud`, `client_id`, `jti`, `exp` and `iat`.',
  },
  {
    id: 'ID-JAG-aud',
    clause,
    text: '`aud` MUST be the issuer of the resource authorization server, and exactly one.',
  },
  {
    id: 'ID-JAG-client_id',
    clause,
    text: '`client_id` MUST be the client at the resource authorization server that will redeem it.',
  },
  {
    id: 'ID-JAG-scope',
    clause,
    text: '`resource` and `scope` MUST be a subset of what was asked, where they stand.',
  },
  {
    id: 'ID-JAG-cnf',
    clause,
    text: 'A client that proves a key MUST check that `cnf` names it, since a server may leave the binding out in silence.',
  },
  {
    id: 'ID-JAG-redeem-grant',
    clause,
    text: 'MUST redeem by the grant `urn:ietf:params:oauth:grant-type:jwt-bearer`, with the JWT as `assertion`.',
  },
  {
    id: 'ID-JAG-redeem-client',
    clause,
    text: 'SHOULD be used by confidential clients, which authenticate at both servers.',
  },
  {
    id: 'ID-JAG-redeem-where',
    clause,
    text: 'MUST NOT be sent to another authorization server than the one in `aud`.',
  },
  {
    id: 'ID-JAG-redeem-own',
    clause,
    text: 'MUST NOT be redeemed at the server that issued it.',
  },
  {
    id: 'ID-JAG-redeem-refresh',
    clause,
    text: 'SHOULD NOT get a refresh token: the next access token takes another assertion.',
  },
  {
    id: 'ID-JAG-redeem-bound',
    clause,
    text: 'An assertion that is bound to a key MUST be redeemed with a proof of it, for a token bound to it.',
  },
  {
    id: 'ID-JAG-step-up',
    clause,
    text: 'On `insufficient_user_authentication` the user has to sign in again, as `acr_values` and `max_age` say.',
  },
] as const satisfies readonly Requirement[]
