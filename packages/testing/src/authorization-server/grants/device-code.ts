import { required } from '../../http/received.ts'
import type { ServerContext } from '../server-context.ts'
import type { GrantRequest } from '../server-facts.ts'
import type { Grant, Session } from '../state.ts'
import { issueForGrant } from './authorization-code.ts'
import { grantedScopes, narrowedDetails } from './grant-targets.ts'
import { pollAnswer } from './poll.ts'

/**
 * Handles one poll of a device. The code is single use.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.5 | RFC 8628 §3.5}
 */
export async function pollDevice(context: ServerContext, { client, parameters, proof }: GrantRequest): Promise<object> {
  const device = context.state.devices.get(required(parameters, 'device_code'))
  pollAnswer(context, client, 'device_code', device)
  const authorizationDetails = narrowedDetails(parameters, undefined)
  device.state = 'redeemed'
  const { audience, scopes: requested } = device
  const session = device.session as Session
  const scopes = grantedScopes(context, { client, subject: session.subject, requested, audience })
  const grant: Grant = { clientId: client.clientId, session, scopes, audience, revoked: false }
  return issueForGrant(context, grant, { scopes, authorizationDetails, proof })
}
