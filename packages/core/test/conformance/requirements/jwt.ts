import type { Requirement } from '@behalf/testing/requirements'

const section = (rfc: number, name: string) => `https://www.rfc-editor.org/rfc/rfc${rfc}#section-${name}`

/** JOSE and JWT (RFC 7515, 7519, 7797, 8725): what a verifier of signed JWTs must do. */
export const jwt = [
  {
    id: 'RFC7515-2-base64url',
    clause: section(7515, '2'),
    text: 'MUST take base64url without padding, line breaks, white space or other characters.',
  },
  {
    id: 'RFC7515-4.1.4-kid',
    clause: section(7515, '4.1.4'),
    text: 'MUST be a text, where there is a `kid`; anything else is refused (ours).',
  },
  {
    id: 'RFC7515-4.1.11-crit',
    clause: section(7515, '4.1.11'),
    text: 'MUST refuse a token with critical extensions that are not understood.',
  },
  {
    id: 'RFC7515-5.2-signature',
    clause: section(7515, '5.2'),
    text: 'MUST refuse a token whose signature does not verify.',
  },
  {
    id: 'RFC7519-4.1.3-aud',
    clause: section(7519, '4.1.3'),
    text: 'MUST refuse a token whose audience does not name us.',
  },
  {
    id: 'RFC7519-4.1.4-exp',
    clause: section(7519, '4.1.4'),
    text: 'MUST refuse a token on or after its `exp`, small leeway apart.',
  },
  {
    id: 'RFC7519-4.1.5-nbf',
    clause: section(7519, '4.1.5'),
    text: 'MUST refuse a token before its `nbf`, small leeway apart.',
  },
  { id: 'RFC7797-7-b64', clause: section(7797, '7'), text: 'MUST NOT take a JWT with an unencoded payload.' },
  {
    id: 'RFC8725-3.1-algorithms',
    clause: section(8725, '3.1'),
    text: 'MUST accept the algorithms of an allow-list only.',
  },
  {
    id: 'RFC8725-3.2-none',
    clause: section(8725, '3.2'),
    text: 'SHOULD NOT accept `none` unless the caller asks for it; here no caller can (ours).',
  },
  {
    id: 'RFC8725-3.8-issuer',
    clause: section(8725, '3.8'),
    text: 'MUST take the keys of the issuer that the token names, and refuse others.',
  },
  {
    id: 'RFC8725-3.10-claims',
    clause: section(8725, '3.10'),
    text: 'SHOULD NOT follow the `jku` of a token, nor use its `kid` for more than to choose among known keys; none is followed here (ours).',
  },
  {
    id: 'RFC8725-3.12-kinds',
    clause: section(8725, '3.12'),
    text: 'MUST tell kinds of JWTs apart that the same issuer makes.',
  },
] as const satisfies readonly Requirement[]
