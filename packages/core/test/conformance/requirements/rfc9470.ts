import type { Requirement } from '@behalf/testing/contract'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9470#section-${name}`

/** Step-up challenges, as a client reads them. */
export const rfc9470 = [
  {
    id: 'RFC9470-3-challenge',
    clause: section('3'),
    text: 'MUST recognise `insufficient_user_authentication` in a challenge, with `acr_values` and `max_age`.',
  },
] as const satisfies readonly Requirement[]
