import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9728#section-${name}`

/** Protected resource metadata, as a resource server publishes it. */
export const rfc9728 = [
  {
    id: 'RFC9728-1.2-resource',
    clause: section('1.2'),
    text: 'MUST identify a resource by an https URL without a fragment.',
  },
  { id: 'RFC9728-2-resource', clause: section('2'), text: 'MUST name the resource in `resource`.' },
  { id: 'RFC9728-2-none', clause: section('2'), text: 'MUST NOT list `none` among algorithms.' },
  {
    id: 'RFC9728-3.1-place',
    clause: section('3.1'),
    text: 'MUST put the well-known part between host and path, drop a slash that ends the host, and keep the query.',
  },
  { id: 'RFC9728-3.1-get', clause: section('3.1'), text: 'MUST answer a GET request.' },
  { id: 'RFC9728-3.2-json', clause: section('3.2'), text: 'MUST answer 200 with `application/json`.' },
  { id: 'RFC9728-3.2-empty', clause: section('3.2'), text: 'MUST leave parameters without values out.' },
  {
    id: 'RFC9728-3.3-identical',
    clause: section('3.3'),
    text: 'MUST give a `resource` that is identical to the identifier that the address was made from.',
  },
  {
    id: 'RFC9728-5.1-challenge',
    clause: section('5.1'),
    text: 'SHOULD name the metadata as `resource_metadata` in a challenge of any scheme (ours: a MAY).',
  },
] as const satisfies readonly Requirement[]
