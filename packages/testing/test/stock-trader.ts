import type { ProtocolTarget } from '../src/index.ts'
import { GRANT, headerOf, post, type Raw, read, TYPE, tokenRequest, url } from './raw.ts'
import { login } from './real-client.ts'

export interface Order {
  readonly portfolio: string
  readonly side: string
  readonly symbol: string
  readonly quantity: number
}
export const small: Order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 5 }
export const large: Order = { ...small, quantity: 50 }

/** A customer of the Stock Trade API of a target, through real requests. */
export function stockTrader(world: { readonly target: ProtocolTarget }) {
  /** A token of the app's issuer for a user, by exchange; with details, which they agreed to at their login. */
  async function tokenFor(subject: string, scope: string, details?: readonly unknown[]): Promise<string> {
    const parameters = details && { authorization_details: JSON.stringify(details) }
    const { tokens } = await login(world.target, { subject, ...(parameters && { parameters }) })
    const { body } = await tokenRequest(world.target, {
      grant_type: GRANT.exchange,
      subject_token: tokens.access_token,
      subject_token_type: TYPE.accessToken,
      audience: world.target.api.resource,
      scope,
    })
    return body.access_token
  }

  /** A token that a person approved for an order. */
  async function approvedFor(order: Order, subject = 'ann', more: readonly unknown[] = []): Promise<string> {
    const { target } = world
    const { body: ack } = await post(
      url.backchannel(target),
      {
        scope: 'openid trade:write',
        login_hint: subject,
        audience: target.api.resource,
        authorization_details: JSON.stringify([{ type: 'stock_order', ...order }, ...more]),
      },
      headerOf(target.clients.agent),
    )
    await target.authorizationServer.controls.approve(ack.auth_req_id)
    return (await tokenRequest(target, { grant_type: GRANT.ciba, auth_req_id: ack.auth_req_id })).body.access_token
  }

  async function get(path: string, token?: string): Promise<Raw> {
    return read(
      await fetch(`${world.target.api.origin}${path}`, {
        ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      }),
    )
  }

  async function place(token: string, order: unknown, key: string | undefined = 'key-1', headers = {}): Promise<Raw> {
    return read(
      await fetch(`${world.target.api.origin}/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...(key !== '' && { 'idempotency-key': key }),
          ...headers,
        },
        body: typeof order === 'string' ? order : JSON.stringify(order),
      }),
    )
  }

  const orders = (portfolio = 'p-ann') => world.target.api.controls.orders(portfolio)

  return { tokenFor, approvedFor, get, place, orders }
}
