import { login, profileOf, type TargetClient } from '@behalf/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'
import { basic } from './phone-http.ts'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

let sandbox: Sandbox
beforeAll(async () => {
  const users = [{ subject: 'cleo', cash: 100_000, trustedClients: ['stock-agent'] }]
  sandbox = await startSandbox({ seed: { users } })
})
afterAll(() => sandbox?.close())

const orderOf = (user: string) => ({ portfolio: `p-${user}`, side: 'buy', symbol: 'AAPL', quantity: 50 })

/** A client of the issuer exchanges a user's token without anyone's approval. */
async function exchanged(user: string, client: TargetClient, details?: object) {
  const { settings, target } = sandbox
  // A client that is no API exchanges what was issued to it; the agent, what was issued for its API.
  const { accessToken } = await login(target, { user, client, profile: profileOf(target, client) })
  const { authentication } = client
  const secret = 'clientSecret' in authentication ? authentication.clientSecret : ''
  const response = await fetch(`${settings.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(client.clientId, secret) },
    body: new URLSearchParams({
      grant_type: EXCHANGE,
      subject_token: accessToken,
      subject_token_type: ACCESS_TOKEN,
      resource: settings.api.resource,
      scope: 'trade:write',
      ...(details && { authorization_details: JSON.stringify([details]) }),
    }),
  })
  return (await response.json()) as { readonly access_token?: string; readonly error?: string }
}

async function place(user: string, token = '') {
  const response = await fetch(`${sandbox.settings.api.origin}/orders`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify(orderOf(user)),
  })
  return response.status
}

test('a client that writes an order into its own exchange gets no token, and places nothing', async () => {
  const { agent } = sandbox.target.clients
  const forged = await exchanged('ann', agent, { type: 'stock_order', ...orderOf('ann') })
  expect(forged).toMatchObject({ error: 'invalid_authorization_details' })
  const plain = await exchanged('ann', agent)
  expect(await place('ann', plain.access_token)).toBe(401)
  expect(await sandbox.target.api.controls.orders('p-ann')).toEqual([])
})

test('an account that trusts a client takes its orders without details, and those of no other client', async () => {
  const { agent, other } = sandbox.target.clients
  expect(await place('cleo', (await exchanged('cleo', other)).access_token)).toBe(401)
  expect(await sandbox.target.api.controls.orders('p-cleo')).toEqual([])
  expect(await place('cleo', (await exchanged('cleo', agent)).access_token)).toBe(201)
})
