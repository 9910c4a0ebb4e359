import type { Requirement } from '@behalf/testing/contract'

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
    text: 'MUST name the authorization server as `aud`: its issuer identifier.',
  },
  { id: 'RFC7523-3-exp', clause: section('3'), text: 'MUST have `exp`.' },
  { id: 'RFC7523-3-signed', clause: section('3'), text: 'MUST be signed.' },
  {
    id: 'RFC7523-3-jti',
    clause: section('3'),
    text: 'SHOULD have a `jti` that is not used twice, so that the server can detect replay.',
  },
] as const satisfies readonly Requirement[]
