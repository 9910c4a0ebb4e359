import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc6750#section-${name}`

/** Bearer tokens, with what RFC 9700 adds to them: the client half is the credential, the server half the resource server. */
export const rfc6750 = [
  { id: 'RFC6750-2-one-method', clause: section('2'), text: 'MUST NOT use more than one method to send the token.' },
  { id: 'RFC6750-2.1-header', clause: section('2.1'), text: 'MUST take the token from the Authorization header.' },
  { id: 'RFC6750-2.3-query', clause: section('2.3'), text: 'SHOULD NOT take or send a token in the query.' },
  {
    id: 'RFC6750-3-challenge',
    clause: section('3'),
    text: 'MUST answer a request without a usable token with a WWW-Authenticate challenge.',
  },
  {
    id: 'RFC6750-3-bearer',
    clause: section('3'),
    text: 'MUST begin a challenge with `Bearer`, followed by at least one parameter.',
  },
  {
    id: 'RFC6750-3-characters',
    clause: section('3'),
    text: 'MUST NOT put characters outside of the permitted set into challenge parameters.',
  },
  {
    id: 'RFC6750-3.1-no-error',
    clause: section('3.1'),
    text: 'SHOULD NOT include an error where the request had no credentials.',
  },
  {
    id: 'RFC6750-3.1-invalid_request',
    clause: section('3.1'),
    text: 'SHOULD answer a malformed request with 400 `invalid_request`.',
  },
  {
    id: 'RFC6750-3.1-invalid_token',
    clause: section('3.1'),
    text: 'SHOULD answer a token that is expired or not for us with 401 `invalid_token`.',
  },
  {
    id: 'RFC6750-3.1-insufficient_scope',
    clause: section('3.1'),
    text: 'SHOULD answer a lack of scopes with 403 `insufficient_scope`, and with the scopes that are needed (ours: a MAY).',
  },
  {
    id: 'RFC6750-5.3-leak',
    clause: section('5.3'),
    text: 'MUST NOT let a token reach parties for whom it is not meant.',
  },
  { id: 'RFC6750-5.3-tls', clause: section('5.3'), text: 'MUST use TLS for requests with a token.' },
  {
    id: 'RFC6750-2.2-form',
    clause: section('2.2'),
    text: 'MUST NOT be sent in a form body unless all conditions of the clause hold; we take and send none there (ours).',
  },
  {
    id: 'RFC6750-3-realm',
    clause: section('3'),
    text: 'MUST NOT repeat `realm`, `scope`, `error` and `error_description` in a challenge.',
  },
  {
    id: 'RFC9700-2.3-audience',
    clause: 'https://www.rfc-editor.org/rfc/rfc9700#section-2.3',
    text: 'MUST refuse a token that is meant for another resource server.',
  },
] as const satisfies readonly Requirement[]
