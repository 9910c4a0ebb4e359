import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc7523#section-${name}`

/** JWT assertions for client authentication (`private_key_jwt`). */
export const rfc7523 = [
  {
    id: 'RFC7523-2.2-type',
    clause: section('2.2'),
    text: 'MUST send `client_assertion_type` of jwt-bearer with one `client_assertion`.',
  },
  { id: 'RFC7523-3-iss-sub', clause: section('3'), text: 'MUST have the client id as `iss` and as `sub`.' },
  {
    id: 'RFC7523-3-aud',
    clause: section('3'),
    text: 'MUST name the authorization server as `aud`; by its issuer identifier (OpenID Connect Core §9).',
  },
  { id: 'RFC7523-3-exp', clause: section('3'), text: 'MUST have `exp`.' },
  { id: 'RFC7523-3-signed', clause: section('3'), text: 'MUST be signed.' },
  {
    id: 'OIDC-CORE-9-jti',
    clause: 'https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication',
    text: 'MUST have a `jti`, and MUST be used once only.',
  },
] as const satisfies readonly Requirement[]
