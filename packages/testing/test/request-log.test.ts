import { expect, test } from 'vitest'
import { RequestLog } from '../src/http/request-log.ts'
import { headerOf, post, tokenRequest, url } from './raw.ts'
import { login } from './real-client.ts'
import { sharedTarget } from './shared-target.ts'

const world = sharedTarget()

test('tells endpoint, method, URL, time and parameters, in order', async () => {
  const { target } = world
  const before = Date.now()
  await fetch(`${target.authorizationServer.issuer}.well-known/openid-configuration`)
  await tokenRequest(target, {
    grant_type: 'client_credentials',
    resource: ['https://a.example/', 'https://b.example/'],
  })
  const [first, second] = await target.authorizationServer.controls.requests()
  expect(first).toMatchObject({ endpoint: 'metadata', method: 'GET', parameters: {} })
  expect(first?.at).toBeGreaterThanOrEqual(before)
  expect(second).toMatchObject({
    endpoint: 'token',
    method: 'POST',
    url: 'https://tenant.behalf.example/oauth/token',
    parameters: { grant_type: 'client_credentials', resource: ['https://a.example/', 'https://b.example/'] },
    authorization: expect.stringMatching(/^Basic \[redacted \d+\]$/),
  })
})

test('holds no secret, and still tells equal ones from different ones', async () => {
  const { target } = world
  const { tokens } = await login(target, { subject: 'ann' })
  const refresh = (refresh_token: string) => tokenRequest(target, { grant_type: 'refresh_token', refresh_token })
  const { body } = await refresh(tokens.refresh_token as string)
  await refresh(tokens.refresh_token as string)
  await post(url.token(target), { grant_type: 'x', client_id: 'other-app', client_secret: 'other-app-secret' })
  await fetch(`${target.api.origin}/portfolios/p-ann`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
  const log = [...(await target.authorizationServer.controls.requests()), ...(await target.api.controls.requests())]
  const text = JSON.stringify(log)
  const { clientSecret } = target.clients.agent.authentication as { clientSecret: string }
  const secrets = [tokens.access_token, tokens.refresh_token, tokens.id_token, body.access_token, clientSecret]
  for (const secret of [...secrets, 'other-app-secret', headerOf(target.clients.agent).authorization?.slice(6)]) {
    expect(text).not.toContain(secret)
  }
  const [first, second] = log.filter(({ parameters }) => parameters.grant_type === 'refresh_token')
  expect(first?.parameters.refresh_token).toBe(second?.parameters.refresh_token)
  const code = log.find(({ parameters }) => parameters.grant_type === 'authorization_code')
  expect(code?.parameters.code).toMatch(/^\[redacted \d+\]$/)
  expect(code?.parameters.code).not.toBe(first?.parameters.refresh_token)
})

test('keeps JSON bodies and idempotency keys', async () => {
  const { target } = world
  await fetch(`${target.api.origin}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
    body: JSON.stringify({ quantity: 5 }),
  })
  expect(await target.api.controls.requests()).toMatchObject([{ json: { quantity: 5 }, idempotencyKey: 'key-1' }])
})

test('keeps the last 5,000 requests, and nothing of a body that no client of ours sends', async () => {
  const { target } = world
  await post(url.token(target), { grant_type: 'x'.repeat(100_000) })
  const [large] = await target.authorizationServer.controls.requests()
  expect(large).toMatchObject({ endpoint: 'token', parameters: {} })
  const log = new RequestLog()
  for (let at = 0; at < 6_000; at++) {
    const address = new URL('https://as.example/token')
    const parameters = new URLSearchParams({ code: `code-${at}` })
    log.add('token', { method: 'POST', url: address, headers: new Headers(), parameters, body: '' }, at)
  }
  expect([log.entries().length, log.entries()[0]?.at]).toEqual([5_000, 1_000])
})
