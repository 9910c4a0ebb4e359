import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc8705#section-${name}`

/** Mutual-TLS client authentication, by a `fetch` that shows the certificate. */
export const rfc8705 = [
  {
    id: 'RFC8705-2-client_id',
    clause: section('2'),
    text: 'MUST send `client_id` with requests that a certificate authenticates.',
  },
  {
    id: 'RFC8705-5-aliases',
    clause: section('5'),
    text: 'MUST use `mtls_endpoint_aliases` where they are, and the usual endpoint for those that are not among them.',
  },
  {
    id: 'RFC8705-3-cnf',
    clause: section('3'),
    text: 'MUST NOT take a token bound to a certificate that was not proved.',
  },
] as const satisfies readonly Requirement[]
