import type { Requirement } from '@behalf/testing/requirements'

const idToken = 'https://openid.net/specs/openid-connect-core-1_0.html#IDToken'
const validation = 'https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation'
const accessToken = 'https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowTokenValidation'

const refresh = 'https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse'

/** OpenID Connect Core 1.0: the id_token, as a client verifies it. */
export const openidConnectCore = [
  { id: 'OIDC-CORE-2-required', clause: idToken, text: 'MUST have `iss`, `sub`, `aud`, `exp` and `iat`.' },
  { id: 'OIDC-CORE-3.1.3.7-iss', clause: validation, text: 'MUST have exactly the issuer of the metadata as `iss`.' },
  {
    id: 'OIDC-CORE-3.1.3.7-aud',
    clause: validation,
    text: 'MUST have the client id in `aud`, and no audience that is not trusted.',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-azp',
    clause: validation,
    text: 'SHOULD have the client id as `azp` where there is one; with several audiences there has to be one (ours, as before errata set 2).',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-signature',
    clause: validation,
    text: 'MUST verify the signature with the issuer keys and an expected algorithm (ours too where the clause lets TLS stand for it).',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-alg',
    clause: validation,
    text: 'SHOULD have an `alg` that the client is registered for, whatever the metadata lists; here it must be one of the profile (ours).',
  },
  {
    id: 'OIDC-CORE-3.1.3.7-iat',
    clause: validation,
    text: 'MUST have been issued at most five minutes before its arrival at a login, and at most 30 s after it (ours: the clause lets the client choose the range of `iat`).',
  },
  { id: 'OIDC-CORE-3.1.3.7-exp', clause: validation, text: 'MUST be before `exp`.' },
  {
    id: 'OIDC-CORE-3.1.3.7-nonce',
    clause: validation,
    text: 'MUST have the nonce that was sent with the request, where one was.',
  },
  {
    id: 'OIDC-CORE-3.1.3.8-at_hash',
    clause: accessToken,
    text: 'MUST match the access token where the token has an `at_hash` (ours: a MAY in the code flow).',
  },
  {
    id: 'OIDC-CORE-12.2-person',
    clause: refresh,
    text: 'MUST have the `iss` and the `sub` of the login in the id_token of a refresh.',
  },
  {
    id: 'OIDC-CORE-12.2-nonce',
    clause: refresh,
    text: 'MUST have the nonce of the login in the id_token of a refresh, where it has one.',
  },
  {
    id: 'OIDC-CORE-12.2-iat',
    clause: refresh,
    text: 'MUST have as `iat` when the id_token of a refresh was issued.',
  },
] as const satisfies readonly Requirement[]
