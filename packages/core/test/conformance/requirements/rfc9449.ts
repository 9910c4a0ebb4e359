import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc9449#section-${name}`

/** DPoP at protected resources: the client half is the credential, the server half the resource server. */
export const rfc9449 = [
  { id: 'RFC9449-4.2-typ', clause: section('4.2'), text: 'MUST have the type `dpop+jwt`.' },
  {
    id: 'RFC9449-4.2-claims-at-api',
    clause: section('4.2'),
    text: 'MUST hold `jti`, `htm`, `htu` and `iat`, and `ath` beside an access token.',
  },
  { id: 'RFC9449-4.2-nonce', clause: section('4.2'), text: 'MUST hold the nonce that the server gave.' },
  { id: 'RFC9449-4.3-1', clause: section('4.3'), text: 'MUST refuse more than one DPoP header.' },
  { id: 'RFC9449-4.3-2', clause: section('4.3'), text: 'MUST refuse what is no single well-formed JWT.' },
  { id: 'RFC9449-4.3-3', clause: section('4.3'), text: 'MUST refuse a proof that lacks a required claim.' },
  { id: 'RFC9449-4.3-4', clause: section('4.3'), text: 'MUST refuse a `typ` other than `dpop+jwt`.' },
  {
    id: 'RFC9449-4.3-5',
    clause: section('4.3'),
    text: 'MUST refuse `none`, symmetric algorithms and those that are not accepted.',
  },
  { id: 'RFC9449-4.3-6', clause: section('4.3'), text: 'MUST verify the signature with the key in the header.' },
  { id: 'RFC9449-4.3-7', clause: section('4.3'), text: 'MUST refuse a `jwk` that holds a private key.' },
  { id: 'RFC9449-4.3-8', clause: section('4.3'), text: 'MUST compare `htm` with the method of the request.' },
  {
    id: 'RFC9449-4.3-9',
    clause: section('4.3'),
    text: 'MUST compare `htu` with the address of the request, without query and fragment; SHOULD normalise both.',
  },
  { id: 'RFC9449-4.3-10', clause: section('4.3'), text: 'MUST refuse a proof without the nonce that was given.' },
  { id: 'RFC9449-4.3-11', clause: section('4.3'), text: 'MUST refuse a proof made outside of an acceptable time.' },
  { id: 'RFC9449-4.3-12-ath', clause: section('4.3'), text: 'MUST compare `ath` with the hash of the access token.' },
  {
    id: 'RFC9449-4.3-12-key',
    clause: section('4.3'),
    text: 'MUST refuse a proof of another key than the one that the token is bound to.',
  },
  {
    id: 'RFC9449-6.1-cnf',
    clause: section('6.1'),
    text: 'MUST read the binding from `cnf.jkt`, an RFC 7638 thumbprint.',
  },
  {
    id: 'RFC9449-7.1-scheme',
    clause: section('7.1'),
    text: 'MUST present a bound token with the scheme DPoP and a proof of its own for each request.',
  },
  {
    id: 'RFC9449-7.1-challenge',
    clause: section('7.1'),
    text: 'MUST answer a request without a good proof with 401 and a DPoP challenge, which SHOULD name `algs`, and the error where there was a token.',
  },
  { id: 'RFC9449-7.2-bearer', clause: section('7.2'), text: 'MUST NOT accept a bound token as a bearer token.' },
  { id: 'RFC9449-8.1-syntax', clause: section('8.1'), text: 'MUST be a nonce of 1*NQCHAR.' },
  {
    id: 'RFC9449-8.2-newest',
    clause: section('8.2'),
    text: 'MUST use the newest nonce that a server gave, with any of its answers.',
  },
  {
    id: 'RFC9449-9-use_dpop_nonce',
    clause: section('9'),
    text: 'MUST answer a missing nonce with 401, `use_dpop_nonce` and a DPoP-Nonce; a client tries again with it.',
  },
  {
    id: 'RFC9449-9-per-server',
    clause: section('9'),
    text: 'SHOULD keep nonces per server: one of an API is for that API alone.',
  },
  {
    id: 'RFC9449-11.1-replay',
    clause: section('11.1'),
    text: 'SHOULD refuse a `jti` that was seen within the time in which its proof is accepted (ours: the clause says that servers can), and store a hash of it.',
  },
] as const satisfies readonly Requirement[]
