import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc8414#section-${name}`

/** Authorization server metadata (RFC 8414) and OpenID Connect Discovery 1.0. */
export const discovery = [
  {
    id: 'RFC8414-2-issuer',
    clause: section('2'),
    text: 'MUST be an https URL without query and fragment: the issuer identifier.',
  },
  {
    id: 'RFC8414-3.1-place',
    clause: section('3.1'),
    text: 'MUST insert the well-known path between host and path of the issuer.',
  },
  {
    id: 'RFC8414-3.3-issuer',
    clause: section('3.3'),
    text: 'MUST NOT use metadata whose `issuer` is not identical to the one asked for.',
  },
  { id: 'RFC8414-6.1-tls', clause: section('6.1'), text: 'MUST use TLS for metadata and for the keys that it names.' },
  {
    id: 'OIDC-DISCOVERY-4.1-place',
    clause: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest',
    text: 'MUST append the well-known path to the issuer.',
  },
  {
    id: 'OIDC-DISCOVERY-4.3-issuer',
    clause: 'https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation',
    text: 'MUST compare the issuer exactly, without any normalisation.',
  },
] as const satisfies readonly Requirement[]
