import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mockTarget, type ProtocolTarget } from '../src/index.ts'
import { login } from './real-client.ts'

let target: ProtocolTarget
beforeAll(async () => {
  target = await mockTarget({ ciba: { interval: 1 } })
})
beforeEach(() => target.reset())
afterAll(() => target.close())

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

test('thread', async () => {
  const { config, tokens } = await login(target, { subject: 'ann' })
  expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: 'ann', aud: target.agentResource })
  const exchanged = await client.genericGrantRequest(config, EXCHANGE, {
    subject_token: tokens.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: target.api.resource,
    scope: 'trade:small',
  })
  expect(decodeJwt(exchanged.access_token)).toMatchObject({ sub: 'ann', act: { sub: 'agent:trader' } })
  const response = await fetch(`${target.api.origin}/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${exchanged.access_token}`,
      'content-type': 'application/json',
      'idempotency-key': 'k1',
    },
    body: JSON.stringify({ portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 5 }),
  })
  expect(response.status).toBe(201)
  const details = [{ type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }]
  const ack = await client.initiateBackchannelAuthentication(config, {
    scope: 'openid trade:write',
    login_hint: JSON.stringify({ format: 'iss_sub', iss: target.authorizationServer.issuer, sub: 'ann' }),
    binding_message: 'Buy 50 shares of AAPL',
    authorization_details: JSON.stringify(details),
    audience: target.api.resource,
  })
  await target.authorizationServer.controls.approve()
  const approved = await client.pollBackchannelAuthenticationGrant(config, ack)
  expect(decodeJwt(approved.access_token)).toMatchObject({ sub: 'ann', authorization_details: details })
  const upstream = await client.genericGrantRequest(
    config,
    'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
    {
      subject_token: tokens.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
      connection: 'stocktrade',
    },
  )
  const portfolio = await fetch(`${target.api.origin}/portfolios/p-ann`, {
    headers: { authorization: `Bearer ${upstream.access_token}` },
  })
  expect(await portfolio.json()).toMatchObject({ id: 'p-ann' })
  const { apiUrl, storeId, apiToken } = target.openFga
  const check = await fetch(`${apiUrl}/stores/${storeId}/batch-check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      checks: [
        { correlation_id: 'a', tuple_key: { user: 'user:ann', relation: 'user_can_view', object: 'portfolio:p-ann' } },
        {
          correlation_id: 'b',
          tuple_key: { user: 'agent:trader', relation: 'agent_can_view', object: 'portfolio:p-ann' },
          context: { now: new Date().toISOString() },
        },
        { correlation_id: 'c', tuple_key: { user: 'user:ann', relation: 'user_can_view', object: 'portfolio:p-bob' } },
      ],
    }),
  })
  expect(await check.json()).toEqual({ result: { a: { allowed: true }, b: { allowed: true }, c: { allowed: false } } })
})
