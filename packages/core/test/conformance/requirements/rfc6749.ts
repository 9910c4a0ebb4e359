import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc6749#section-${name}`

/** OAuth 2.0, as far as a client of the token endpoint is concerned. */
export const rfc6749 = [
  {
    id: 'RFC6749-2.3-one-method',
    clause: section('2.3'),
    text: 'MUST NOT use more than one authentication method in a request.',
  },
  {
    id: 'RFC6749-2.3.1-basic-encoding',
    clause: section('2.3.1'),
    text: 'MUST form-encode client id and secret before they become Basic user name and password.',
  },
  { id: 'RFC6749-2.3.1-body', clause: section('2.3.1'), text: 'MUST NOT send client credentials in the request URI.' },
  { id: 'RFC6749-3.2-tls', clause: section('3.2'), text: 'MUST use TLS at the token endpoint.' },
  { id: 'RFC6749-3.2-post', clause: section('3.2'), text: 'MUST use POST at the token endpoint.' },
  {
    id: 'RFC6749-3.2-no-repeat',
    clause: section('3.2'),
    text: 'MUST NOT send a parameter of this specification more than once.',
  },
  {
    id: 'RFC6749-3.3-scope',
    clause: section('3.3'),
    text: 'MUST read `scope` as scope tokens, and use no token of ours whose scopes cannot be read (ours).',
  },
  { id: 'RFC6749-5.1-unknown', clause: section('5.1'), text: 'MUST ignore unrecognised names in a token response.' },
  {
    id: 'RFC6749-5.1-required',
    clause: section('5.1'),
    text: 'MUST have `access_token` and `token_type` in a token response.',
  },
  {
    id: 'RFC6749-5.1-scope',
    clause: section('5.1'),
    text: 'MUST take an absent `scope` as identical to what was asked, and tell it from an empty one.',
  },
  {
    id: 'RFC6749-5.2-error',
    clause: section('5.2'),
    text: 'MUST read `error` from the body, also of a 401 with a challenge.',
  },
  {
    id: 'RFC6749-7.1-token-type',
    clause: section('7.1'),
    text: 'MUST NOT use an access token whose type is not understood.',
  },
] as const satisfies readonly Requirement[]
