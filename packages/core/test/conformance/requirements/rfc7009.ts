import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc7009#section-${name}`

/** Token revocation, as a client asks for it. */
export const rfc7009 = [
  { id: 'RFC7009-2-https', clause: section('2'), text: 'MUST verify that the URL of the endpoint is an HTTPS URL.' },
  {
    id: 'RFC7009-2.1-request',
    clause: section('2.1'),
    text: 'MUST post `token` as a form, MAY send `token_type_hint`; the client authenticates as at the token endpoint.',
  },
  {
    id: 'RFC7009-2.1-no-use',
    clause: section('2.1'),
    text: 'MUST NOT use the token again after its revocation.',
  },
  {
    id: 'RFC7009-2.2-response',
    clause: section('2.2'),
    text: 'MUST ignore the content of the response: the status code says all, and an unknown token is no error.',
  },
  {
    id: 'RFC7009-2.2.1-error',
    clause: section('2.2.1'),
    text: 'MUST assume on 503 that the token still exists, and MAY retry after a reasonable delay.',
  },
] as const satisfies readonly Requirement[]
