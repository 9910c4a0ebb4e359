import type { Requirement } from '@behalf/testing/requirements'

/** An Internet-Draft, which may change: OAuth 2.0 RAR Metadata and Error Remediation, -00 of 2026-08-23. */
const draft = 'https://datatracker.ietf.org/doc/html/draft-ietf-oauth-rar-metadata-remediation-00'
const section = (name: string) => `${draft}#section-${name}`

/** Challenges for missing authorization details, as the approval gate writes them and a credential reads them. */
export const rarRemediation = [
  {
    id: 'RAR-REMEDIATION-4-error',
    clause: section('4'),
    text: 'SHOULD answer 401 `insufficient_authorization` where a token lacks the authorization details of the request.',
  },
  {
    id: 'RAR-REMEDIATION-4-details',
    clause: section('4'),
    text: 'SHOULD send `authorization_remediation`: base64url of JSON, with `authorization_details` that satisfy the request once granted.',
  },
  {
    id: 'RAR-REMEDIATION-4-single-use',
    clause: section('4'),
    text: 'MUST NOT send an `authorization_reference`, since the tokens of approvals are for single use.',
  },
  {
    id: 'RAR-REMEDIATION-7.1-no-loop',
    clause: section('7.1'),
    text: 'MUST NOT try again without other details (ours: no fresh token is fetched, since it would have the same details).',
  },
] as const satisfies readonly Requirement[]
