import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9207#section-${name}`

/** OAuth 2.0 Authorization Server Issuer Identification, as far as a client is concerned. */
export const rfc9207 = [
  {
    id: 'RFC9207-2.4-compare',
    clause: section('2.4'),
    text: 'MUST compare `iss` with the issuer that was asked, by simple string comparison, and reject on a difference.',
  },
  {
    id: 'RFC9207-2.4-missing',
    clause: section('2.4'),
    text: 'MUST reject a response without `iss` from a server whose metadata says that it sends one.',
  },
  {
    id: 'RFC9207-2.4-error',
    clause: section('2.4'),
    text: 'MUST NOT take an error response of another issuer for one of the server that was asked.',
  },
] as const satisfies readonly Requirement[]
