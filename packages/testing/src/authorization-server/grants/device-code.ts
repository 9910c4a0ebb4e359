import { required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { DpopProof } from '../dpop.ts'
import { grantedScopes, narrowedDetails } from '../grant-targets.ts'
import type { MockClient } from '../options.ts'
import { requirePace } from '../pace.ts'
import type { ServerContext } from '../server-context.ts'
import type { Grant } from '../state.ts'
import { issueForGrant } from './authorization-code.ts'

/**
 * Handles one poll of a device. The code is single use.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.5 | RFC 8628 §3.5}
 */
export async function pollDevice(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  proof?: DpopProof,
): Promise<object> {
  const device = context.state.devices.get(required(parameters, 'device_code'))
  if (device === undefined || device.clientId !== client.clientId || device.state === 'redeemed') {
    throw new Refusal('invalid_grant', 'unknown device_code, one of another client, or one already redeemed')
  }
  requirePace(context, device)
  if (device.state === 'denied') throw new Refusal('access_denied', 'the person said no')
  if (device.expiresAt <= context.clock.now()) throw new Refusal('expired_token', 'the device code ran out')
  if (device.state === 'pending' || device.session === undefined) {
    throw new Refusal('authorization_pending', 'no user has entered the code yet')
  }
  const authorizationDetails = narrowedDetails(parameters, undefined)
  device.state = 'redeemed'
  const { audience } = device
  const grant: Grant = {
    clientId: client.clientId,
    session: device.session,
    scopes: grantedScopes(context, { client, subject: device.session.subject, requested: device.scopes, audience }),
    audience,
    revoked: false,
  }
  return issueForGrant(context, grant, { scopes: grant.scopes, authorizationDetails, proof })
}
