import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as client from 'openid-client'
import { describe, expect, test } from 'vitest'
import { createMockAuthorizationServer, TestingError } from '../../src/index.ts'
import { fakeTimers, seconds } from '../fake-timers.ts'
import { basic, call, GRANT } from '../raw.ts'
import { discover } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'
import { backchannelClient, details } from './backchannel-client.ts'

const world = sharedTarget({ ciba: { interval: 2 } })
const { controls, hint, request, poll } = backchannelClient(world)
fakeTimers()

describe('the answer', () => {
  test('yes: tokens for this person, with the details, once', async () => {
    const { body: ack } = await request({ scope: 'openid trade:write offline_access', acr_values: 'phone other' })
    await controls().approve(ack.auth_req_id)
    const { status, body } = await poll(ack.auth_req_id)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 300, authorization_details: details })
    expect(body.refresh_token).toEqual(expect.any(String))
    expect(decodeProtectedHeader(body.access_token).typ).toBe('at+jwt')
    expect(decodeJwt(body.access_token)).toMatchObject({
      sub: 'ann',
      aud: world.target.api.resource,
      scope: 'trade:write',
      client_id: 'stock-agent',
      authorization_details: details,
      act: { sub: 'agent:trader' },
    })
    expect(decodeJwt(body.id_token)).toMatchObject({
      sub: 'ann',
      aud: 'stock-agent',
      acr: 'phone',
      auth_time: Math.floor(Date.now() / 1000),
      at_hash: expect.any(String),
    })
    await seconds(2)
    const again = await poll(ack.auth_req_id)
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
    expect(await controls().pendingRequests()).toEqual([])
  })

  test('no', async () => {
    const { body: ack } = await request()
    await controls().deny(ack.auth_req_id)
    const { status, body } = await poll(ack.auth_req_id)
    expect([status, body.error]).toEqual([400, 'access_denied'])
  })

  test('none in time, by the clock or by control', async () => {
    const { body: ack } = await request({ requested_expiry: '10' })
    await seconds(9)
    expect((await poll(ack.auth_req_id)).body.error).toBe('authorization_pending')
    await seconds(2)
    expect((await poll(ack.auth_req_id)).body.error).toBe('expired_token')
    expect(await controls().pendingRequests()).toEqual([])
    const { body: second } = await request()
    await controls().expire()
    expect((await poll(second.auth_req_id)).body.error).toBe('expired_token')
    await expect(controls().approve(second.auth_req_id)).rejects.toThrow(TestingError)
  })

  test('given in time and not fetched in time is lost', async () => {
    const { body: ack } = await request({ requested_expiry: '10' })
    await controls().approve()
    await seconds(11)
    expect((await poll(ack.auth_req_id)).body.error).toBe('expired_token')
  })

  test('of a server that tells its end as a refusal', async () => {
    const server = createMockAuthorizationServer({
      issuer: 'https://denies.example',
      clients: [{ clientId: 'app', clientSecret: 's' }],
      users: [{ subject: 'ann' }],
      ciba: { expiryError: 'access_denied' },
    })
    const { body } = await call(server, '/bc-authorize', { scope: 'openid', login_hint: 'ann' }, basic('app', 's'))
    await server.controls.expire()
    const grant = { grant_type: GRANT.ciba, auth_req_id: body.auth_req_id }
    expect((await call(server, '/oauth/token', grant, basic('app', 's'))).body.error).toBe('access_denied')
  })

  test('can be less or other than was asked, or by another user, if a test says so', async () => {
    const other = [{ ...details[0], type: 'stock_order', quantity: 500 }]
    const { body: ack } = await request({ scope: 'openid trade:write portfolio:read' })
    await controls().approve(undefined, {
      scopes: ['openid', 'portfolio:read'],
      authorizationDetails: other,
      subject: 'bob',
    })
    const { body } = await poll(ack.auth_req_id)
    expect(decodeJwt(body.access_token)).toMatchObject({
      sub: 'bob',
      scope: 'portfolio:read',
      authorization_details: other,
    })
    expect(decodeJwt(body.id_token).sub).toBe('bob')
  })

  test('goes to the client that asked', async () => {
    const { body: ack } = await request()
    await controls().approve()
    expect((await poll(ack.auth_req_id, world.target.clients.other)).body.error).toBe('invalid_grant')
    expect((await poll('unknown')).body.error).toBe('invalid_grant')
    expect((await poll(ack.auth_req_id)).status).toBe(200)
  })
})

describe('polling', () => {
  test('too early is slow_down, which lasts (CIBA Core §11)', async () => {
    const { body: ack } = await request()
    expect((await poll(ack.auth_req_id)).body.error).toBe('authorization_pending')
    await seconds(1)
    const early = await poll(ack.auth_req_id)
    expect([early.status, early.body]).toEqual([400, expect.objectContaining({ error: 'slow_down', interval: 7 })])
    expect(early.headers.get('retry-after')).toBe('7')
    await seconds(6)
    expect((await poll(ack.auth_req_id)).body).toMatchObject({ error: 'slow_down', interval: 12 })
    await seconds(12)
    expect((await poll(ack.auth_req_id)).body.error).toBe('authorization_pending')
  })

  test('too early does not use up an answer', async () => {
    const { body: ack } = await request()
    await poll(ack.auth_req_id)
    await controls().approve()
    expect((await poll(ack.auth_req_id)).body.error).toBe('slow_down')
    await seconds(7)
    expect((await poll(ack.auth_req_id)).status).toBe(200)
  })

  test('meets slow_down once where a test says so', async () => {
    const { body: ack } = await request()
    await controls().slowDown()
    expect((await poll(ack.auth_req_id)).body.error).toBe('slow_down')
    await seconds(7)
    expect((await poll(ack.auth_req_id)).body.error).toBe('authorization_pending')
  })

  test('by openid-client, with a slow_down on the way', async () => {
    const config = await discover(world.target.authorizationServer.issuer, world.target.clients.agent)
    const ack = await client.initiateBackchannelAuthentication(config, {
      scope: 'openid',
      login_hint: hint(),
      binding_message: 'Hello',
    })
    const start = Date.now()
    await controls().slowDown()
    const tokens = client.pollBackchannelAuthenticationGrant(config, ack)
    await seconds(2)
    await controls().approve()
    await seconds(8)
    expect((await tokens).claims()?.sub).toBe('ann')
    const polls = (await controls().requests()).filter(({ endpoint }) => endpoint === 'token')
    expect(polls.map(({ at }) => (at - start) / 1000)).toEqual([2, 9])
  })

  test('can lose its answer: the id is consumed and the tokens are lost', async () => {
    const { body: ack } = await request()
    await controls().answerLost()
    expect((await poll(ack.auth_req_id)).body.error).toBe('authorization_pending')
    await controls().approve()
    await seconds(2)
    await expect(poll(ack.auth_req_id)).rejects.toThrow('fetch')
    await seconds(2)
    expect((await poll(ack.auth_req_id)).body.error).toBe('invalid_grant')
  })
})

describe('controls', () => {
  test('mean the newest open request, and say so if no request is open', async () => {
    await expect(controls().approve()).rejects.toThrow('no open backchannel request')
    const { body: first } = await request()
    await seconds(1)
    const { body: second } = await request({ login_hint: 'bob' })
    await controls().deny()
    await controls().approve()
    expect((await poll(second.auth_req_id)).body.error).toBe('access_denied')
    expect((await poll(first.auth_req_id)).status).toBe(200)
    await expect(controls().deny(first.auth_req_id)).rejects.toThrow(TestingError)
    await expect(controls().approve(second.auth_req_id)).rejects.toThrow(TestingError)
  })
})
