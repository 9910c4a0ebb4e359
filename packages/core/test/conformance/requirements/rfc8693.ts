import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc8693#section-${name}`

/** OAuth 2.0 Token Exchange, as far as a client of it is concerned. */
export const rfc8693 = [
  { id: 'RFC8693-2.1-grant_type', clause: section('2.1'), text: 'MUST send `grant_type` of token exchange.' },
  {
    id: 'RFC8693-2.1-subject_token',
    clause: section('2.1'),
    text: 'MUST send `subject_token` and `subject_token_type`.',
  },
  {
    id: 'RFC8693-2.1-actor_token_type',
    clause: section('2.1'),
    text: 'MUST send `actor_token_type` with an `actor_token`, and MUST NOT without one.',
  },
  {
    id: 'RFC8693-2.1-target',
    clause: section('2.1'),
    text: 'MUST name the target (I7), by `resource`, an absolute URI, or by `audience`, a logical name.',
  },
  {
    id: 'RFC8693-2.1-resource',
    clause: section('2.1'),
    text: 'MUST NOT send a `resource` that is no absolute URI, or that has a fragment.',
  },
  {
    id: 'RFC8693-2.1-repeated',
    clause: section('2.1'),
    text: 'MUST repeat `resource` and `audience` as parameters where a token is for several targets.',
  },
  {
    id: 'RFC8693-2.1-scope',
    clause: section('2.1'),
    text: 'MUST ask for scopes by name: left to the server, they would be its default (I5).',
  },
  {
    id: 'RFC8693-2.1-client',
    clause: section('2.1'),
    text: 'SHOULD authenticate the client (ours: the clause warns), so that a stolen subject token cannot be exchanged by any holder.',
  },
  {
    id: 'RFC8693-2.2.1-issued_token_type',
    clause: section('2.2.1'),
    text: 'MUST refuse an answer without `issued_token_type`, or with another type than was asked (I7).',
  },
  {
    id: 'RFC8693-2.2.1-token_type',
    clause: section('2.2.1'),
    text: 'MUST NOT use an issued token whose `token_type` is `N_A` as an access token.',
  },
  {
    id: 'RFC8693-2.2.1-scope',
    clause: section('2.2.1'),
    text: 'MUST take an absent `scope` for what was asked, and a present one for what was granted; never more (I5).',
  },
  {
    id: 'RFC8693-2.2.2-error',
    clause: section('2.2.2'),
    text: 'MUST report the error of a refused exchange as it is.',
  },
  { id: 'RFC8693-3-uris', clause: section('3'), text: 'MUST name token types by their URIs.' },
  {
    id: 'RFC8693-4.1-outermost',
    clause: section('4.1'),
    text: 'MUST consider the outermost `act` alone in a decision; nested ones are informational.',
  },
  {
    id: 'RFC8693-4.1-validity',
    clause: section('4.1'),
    text: 'MUST NOT read validity from claims within `act`: `exp`, `nbf` and `aud` mean nothing there.',
  },
  {
    id: 'RFC8693-4.1-act',
    clause: section('4.1'),
    text: 'MUST read a chain of delegation from nested `act` claims, the current actor outermost.',
  },
  {
    id: 'RFC8693-1.1-impersonation',
    clause: section('1.1'),
    text: 'MUST tell delegation from impersonation: where an actor is expected, a token without `act` is refused (ours).',
  },
  {
    id: 'RFC8693-4.2-scope',
    clause: section('4.2'),
    text: 'MUST read the `scope` claim as a list that is separated by spaces, in any order.',
  },
  {
    id: 'RFC8693-4.3-client_id',
    clause: section('4.3'),
    text: 'MUST refuse an issued token whose `client_id` is another client than the one that asked (I7).',
  },
  {
    id: 'RFC8693-4.4-may_act',
    clause: section('4.4'),
    text: 'MUST NOT have a party act that the `may_act` claim of the subject token does not name (ours: the server decides).',
  },
] as const satisfies readonly Requirement[]
