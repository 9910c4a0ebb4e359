import type { Requirement } from '@behalf/testing/requirements'

const section = (name: string) => `https://www.rfc-editor.org/rfc/rfc8628#section-${name}`

/** OAuth 2.0 Device Authorization Grant, as far as a client of it is concerned. */
export const rfc8628 = [
  {
    id: 'RFC8628-3.1-request',
    clause: section('3.1'),
    text: 'MUST post `client_id` and the `scope` that is asked for to the device authorization endpoint.',
  },
  {
    id: 'RFC8628-3.1-https',
    clause: section('3.1'),
    text: 'MUST use TLS for the device authorization endpoint.',
  },
  {
    id: 'RFC8628-3.2-response',
    clause: section('3.2'),
    text: 'MUST refuse an answer without `device_code`, `user_code`, `verification_uri` or `expires_in`.',
  },
  {
    id: 'RFC8628-3.2-interval',
    clause: section('3.2'),
    text: 'MUST use 5 seconds between polls where no `interval` is given.',
  },
  {
    id: 'RFC8628-3.3-display',
    clause: section('3.3'),
    text: 'MUST show the user the `user_code` and the `verification_uri`.',
  },
  {
    id: 'RFC8628-3.3.1-complete',
    clause: section('3.3.1'),
    text: 'MUST show the `user_code` beside `verification_uri_complete`, so that the user can compare it.',
  },
  {
    id: 'RFC8628-3.4-request',
    clause: section('3.4'),
    text: 'MUST send `grant_type` of the device code, `device_code`, and who the client is.',
  },
  {
    id: 'RFC8628-3.5-interval',
    clause: section('3.5'),
    text: 'MUST wait at least the interval between two polls.',
  },
  { id: 'RFC8628-3.5-pending', clause: section('3.5'), text: 'MUST poll on at `authorization_pending`.' },
  {
    id: 'RFC8628-3.5-slow_down',
    clause: section('3.5'),
    text: 'MUST increase the interval by 5 seconds at `slow_down`, for this and all subsequent requests.',
  },
  {
    id: 'RFC8628-3.5-timeout',
    clause: section('3.5'),
    text: 'MUST reduce its polling frequency on a connection timeout; doubling the interval is recommended.',
  },
  {
    id: 'RFC8628-3.5-stop',
    clause: section('3.5'),
    text: 'MUST stop polling at any other error.',
  },
  {
    id: 'RFC8628-3.5-denied',
    clause: section('3.5'),
    text: 'MUST stop at `access_denied`, and tell it apart from a code that ran out.',
  },
  {
    id: 'RFC8628-3.5-expired',
    clause: section('3.5'),
    text: 'MUST stop at `expired_token`; SHOULD NOT poll after `expires_in`, nor ask for a new code by itself.',
  },
] as const satisfies readonly Requirement[]
