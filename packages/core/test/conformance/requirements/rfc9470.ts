import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9470#section-${name}`

/** Step-up challenges, as a client reads them and a resource server writes them. */
export const rfc9470 = [
  {
    id: 'RFC9470-3-challenge',
    clause: section('3'),
    text: 'MUST recognise `insufficient_user_authentication` in a challenge, with `acr_values` and `max_age`.',
  },
  {
    id: 'RFC9470-3-write',
    clause: section('3'),
    text: 'MUST answer 401 `insufficient_user_authentication` with `acr_values` and `max_age` as a login must have them.',
  },
  {
    id: 'RFC9470-3-max_age',
    clause: section('3'),
    text: 'MUST give `max_age` as a non-negative integer, and read no other.',
  },
  {
    id: 'RFC9470-6.1-claims',
    clause: section('6.1'),
    text: 'MUST judge by `acr` and `auth_time` of the token; what it does not say does not suffice.',
  },
] as const satisfies readonly Requirement[]
