import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9068#section-${name}`

/** JWT access tokens, as a resource server takes them. */
export const rfc9068 = [
  {
    id: 'RFC9068-2.2-required',
    clause: section('2.2'),
    text: 'MUST have `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`.',
  },
  {
    id: 'RFC9068-2.2-client-subject',
    clause: section('2.2'),
    text: 'SHOULD take a `sub` that is the client id as the client itself, with no user behind it.',
  },
  {
    id: 'RFC9068-4-typ',
    clause: section('4'),
    text: 'MUST refuse a token whose `typ` is not `at+jwt` or `application/at+jwt`.',
  },
  { id: 'RFC9068-4-iss', clause: section('4'), text: 'MUST compare `iss` exactly with the issuer of the metadata.' },
  {
    id: 'RFC9068-4-aud',
    clause: section('4'),
    text: 'MUST refuse a token whose `aud` does not hold our resource indicator.',
  },
  {
    id: 'RFC9068-4-signature',
    clause: section('4'),
    text: 'MUST verify the signature with the issuer keys, and refuse `none`.',
  },
  {
    id: 'RFC9068-4-exp',
    clause: section('4'),
    text: 'MUST refuse an expired token; a leeway is no more than a few minutes.',
  },
  {
    id: 'RFC9068-4-invalid_token',
    clause: section('4'),
    text: 'MUST answer a token that fails with 401 `invalid_token`.',
  },
  {
    id: 'RFC9068-4-untrusted-jku',
    clause: section('4'),
    text: 'MUST use the keys that the issuer publishes, and none that the token names.',
  },
  {
    id: 'RFC9068-4-another-kind',
    clause: section('4'),
    text: 'MUST NOT accept an id_token or another kind of token of the same issuer.',
  },
] as const satisfies readonly Requirement[]
