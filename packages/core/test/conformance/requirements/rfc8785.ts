import type { Requirement } from '@behalf/testing/requirements'

export const rfc8785 = [
  {
    id: 'RFC8785-3.2.2-primitives',
    clause: 'https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2',
    text: 'MUST serialise literals, strings and numbers as ECMAScript does.',
  },
  {
    id: 'RFC8785-3.2.3-sorting',
    clause: 'https://www.rfc-editor.org/rfc/rfc8785#section-3.2.3',
    text: 'MUST sort properties recursively by the UTF-16 code units of their names.',
  },
] as const satisfies readonly Requirement[]
