import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc7636#section-${name}`

/** PKCE, as far as a client is concerned. */
export const rfc7636 = [
  {
    id: 'RFC7636-4.1-verifier',
    clause: section('4.1'),
    text: 'SHOULD make a verifier of 43 to 128 unreserved characters, from 32 random octets, for each request.',
  },
  { id: 'RFC7636-4.2-s256', clause: section('4.2'), text: 'MUST use S256 where the client is capable of it.' },
  {
    id: 'RFC7636-4.5-send',
    clause: section('4.5'),
    text: 'MUST send the verifier that belongs to the challenge with the code.',
  },
] as const satisfies readonly Requirement[]
