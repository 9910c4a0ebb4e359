import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc7662#section-${name}`

/** Token introspection, as an API asks for it. */
export const rfc7662 = [
  { id: 'RFC7662-2.1-request', clause: section('2.1'), text: 'MUST post `token` as a form, and not in the URL.' },
  { id: 'RFC7662-2.1-authenticated', clause: section('2.1'), text: 'MUST authenticate to the introspection endpoint.' },
  { id: 'RFC7662-2.2-active', clause: section('2.2'), text: 'MUST NOT take a token for good without `active: true`.' },
  {
    id: 'RFC7662-2.2-audience',
    clause: section('2.2'),
    text: 'MUST NOT take a token whose `aud` does not name us (I7); one without `aud` only where that was chosen.',
  },
  {
    id: 'RFC7662-4-times',
    clause: section('4'),
    text: 'MUST NOT keep an answer beyond its `exp`; `nbf` is looked at again too (ours).',
  },
  {
    id: 'RFC7662-4-cache',
    clause: section('4'),
    text: 'SHOULD bound how long an answer is kept (ours: a MUST to weigh it): a revoked token lives on so long.',
  },
  { id: 'RFC7662-4-tls', clause: section('4'), text: 'MUST use TLS.' },
] as const satisfies readonly Requirement[]
