import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc8707#section-${name}`

/** Resource Indicators for OAuth 2.0. */
export const rfc8707 = [
  { id: 'RFC8707-2-absolute', clause: section('2'), text: 'MUST name a resource by an absolute URI.' },
  { id: 'RFC8707-2-fragment', clause: section('2'), text: 'MUST NOT put a fragment into a resource.' },
  { id: 'RFC8707-2-invalid_target', clause: section('2'), text: 'MUST report `invalid_target` as it is (ours).' },
  {
    id: 'RFC8707-2.2-resource',
    clause: section('2.2'),
    text: 'MUST send `resource` with the token request, unchanged (ours: a MAY).',
  },
  {
    id: 'RFC8707-2-audience',
    clause: section('2'),
    text: 'MUST refuse a token that is not restricted to the resource that was asked for (I7).',
  },
] as const satisfies readonly Requirement[]
