import type { AuthorizationServerControls, ProtocolTarget } from '../../src/index.ts'
import { GRANT, headerOf, post, type Raw, tokenRequest, url } from '../raw.ts'

export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>

export const details = [{ type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }]

/** A client that asks ann, through real requests. */
export function backchannelClient(world: { readonly target: ProtocolTarget }) {
  const controls = (): AuthorizationServerControls => world.target.authorizationServer.controls
  const hint = (sub = 'ann', iss = world.target.authorizationServer.issuer) =>
    JSON.stringify({ format: 'iss_sub', iss, sub })
  const request = (changes: Changes = {}, by = world.target.clients.agent): Promise<Raw> =>
    post(
      url.backchannel(world.target),
      {
        scope: 'openid trade:write',
        login_hint: hint(),
        binding_message: 'Buy 50 shares of AAPL',
        audience: world.target.api.resource,
        authorization_details: JSON.stringify(details),
        ...changes,
      },
      headerOf(by),
    )
  const poll = (auth_req_id: string, by = world.target.clients.agent): Promise<Raw> =>
    tokenRequest(world.target, { grant_type: GRANT.ciba, auth_req_id }, by)
  return { controls, hint, request, poll }
}
