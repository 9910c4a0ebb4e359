import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc7800#section-${name}`

/** Proof-of-possession key semantics: the `cnf` claim, as a recipient reads it. */
export const rfc7800 = [
  {
    id: 'RFC7800-3.1-unknown',
    clause: section('3.1'),
    text: 'MUST ignore members of `cnf` that are not understood.',
  },
  {
    id: 'RFC7800-3.1-unchecked',
    clause: section('3.1'),
    text: 'MUST NOT take a token with a registered method of confirmation that was not checked, nor one that names no key (ours).',
  },
] as const satisfies readonly Requirement[]
