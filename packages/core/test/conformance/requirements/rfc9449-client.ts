import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9449#section-${name}`

/** DPoP, as far as a client of an authorization server is concerned. What an API does is a list of its own. */
export const rfc9449Client = [
  { id: 'RFC9449-4.2-header', clause: section('4.2'), text: 'MUST have `typ` `dpop+jwt`, `alg` and the public `jwk`.' },
  {
    id: 'RFC9449-4.2-private',
    clause: section('4.2'),
    text: 'MUST NOT show a private key, nor sign with a symmetric one or `none`.',
  },
  {
    id: 'RFC9449-4.2-claims',
    clause: section('4.2'),
    text: 'MUST have a unique `jti`, and `htm`, `htu` and `iat`; `htu` without query and fragment.',
  },
  {
    id: 'RFC9449-4.2-ath',
    clause: section('4.2'),
    text: 'MUST hold the hash of the access token that is sent with the proof, as `ath`.',
  },
  {
    id: 'RFC9449-5-token-request',
    clause: section('5'),
    text: 'MUST send a proof with every token request, whatever the grant.',
  },
  {
    id: 'RFC9449-5-token-type',
    clause: section('5'),
    text: 'MUST know from `token_type` `DPoP` that a token is bound, and MUST NOT use it as Bearer (I8).',
  },
  {
    id: 'RFC9449-5-discard',
    clause: section('5'),
    text: 'MUST discard an answer whose `token_type` is not `DPoP` where the protection is deemed important: where we have a key.',
  },
  {
    id: 'RFC9449-6.1-jkt',
    clause: section('6.1'),
    text: 'MUST compare `cnf.jkt` with the RFC 7638 thumbprint of the key (I8).',
  },
  {
    id: 'RFC9449-8-nonce',
    clause: section('8'),
    text: 'MUST put the nonce of the server into its next proofs, and try once more after `use_dpop_nonce`.',
  },
  { id: 'RFC9449-8.2-new-nonce', clause: section('8.2'), text: 'MUST adopt the nonce of any answer, also a good one.' },
  { id: 'RFC9449-9-separate', clause: section('9'), text: 'SHOULD NOT send the nonce of one server to another.' },
] as const satisfies readonly Requirement[]
