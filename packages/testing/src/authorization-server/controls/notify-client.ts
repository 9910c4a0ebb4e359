import { findClient, type ServerContext } from '../server-context.ts'
import type { BackchannelRequest } from '../state.ts'

/**
 * Notifies a client in ping mode of its answer. A client that cannot be reached polls, and loses nothing.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.10.2 | CIBA Core §10.2}
 */
export async function notifyClient(context: ServerContext, request: BackchannelRequest): Promise<void> {
  const endpoint = findClient(context, request.clientId)?.notificationEndpoint
  if (endpoint === undefined || request.notificationToken === undefined) return
  const headers = { authorization: `Bearer ${request.notificationToken}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ auth_req_id: request.authReqId })
  await context.fetch(endpoint, { method: 'POST', headers, body, redirect: 'manual' }).catch(() => undefined)
}
