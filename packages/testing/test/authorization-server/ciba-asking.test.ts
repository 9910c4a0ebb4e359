import { describe, expect, test } from 'vitest'
import { createMockAuthorizationServer } from '../../src/index.ts'
import { fakeTimers, seconds } from '../fake-timers.ts'
import { basic, call, post, url } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'
import { backchannelClient, type Changes, details } from './backchannel-client.ts'

const world = sharedTarget({ ciba: { interval: 2 } })
const { controls, hint, request } = backchannelClient(world)
fakeTimers()

describe('asking', () => {
  test('is acknowledged with an id, an end and an interval (CIBA Core §7.3)', async () => {
    const { status, body, headers } = await request({ requested_expiry: '60' })
    expect(status).toBe(200)
    expect(body).toEqual({ auth_req_id: expect.stringMatching(/^[\w-]{43}$/), expires_in: 60, interval: 2 })
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await request()).body.expires_in).toBe(300)
  })

  test('shows the person what is asked, and by whom', async () => {
    const { body } = await request()
    await request({ login_hint: 'bob', binding_message: undefined, authorization_details: undefined })
    expect(await controls().pendingRequests('ann')).toEqual([
      {
        authReqId: body.auth_req_id,
        clientId: 'stock-agent',
        subject: 'ann',
        bindingMessage: 'Buy 50 shares of AAPL',
        authorizationDetails: details,
        scopes: ['openid', 'trade:write'],
        audience: [world.target.api.resource],
        expiresAt: Math.floor(Date.now() / 1000) + 300,
      },
    ])
    expect((await controls().pendingRequests()).map(({ subject }) => subject)).toEqual(['ann', 'bob'])
  })

  test.each<[string, Changes, string]>([
    ['no scope', { scope: undefined }, 'invalid_request'],
    ['a scope without openid', { scope: 'trade:write' }, 'invalid_scope'],
    ['an unknown scope', { scope: 'openid trade:all' }, 'invalid_scope'],
    ['no hint', { login_hint: undefined }, 'invalid_request'],
    ['two hints', { id_token_hint: 'x' }, 'invalid_request'],
    ['a login_hint_token', { login_hint: undefined, login_hint_token: 'x' }, 'invalid_request'],
    ['an unknown user', { login_hint: 'unknown' }, 'unknown_user_id'],
    ['a user of another issuer', { login_hint: hint('ann', 'https://login.stocktrade.example/') }, 'unknown_user_id'],
    ['a malformed hint', { login_hint: '{"format":"iss_sub"}' }, 'invalid_request'],
    ['an invalid id_token_hint', { login_hint: undefined, id_token_hint: 'x' }, 'invalid_request'],
    ['a message that is too long', { binding_message: 'x'.repeat(65) }, 'invalid_binding_message'],
    ['a message with other characters', { binding_message: 'Buy <b>50</b>' }, 'invalid_binding_message'],
    ['an expiry that is no number', { requested_expiry: 'soon' }, 'invalid_request'],
    ['an expiry of zero', { requested_expiry: '0' }, 'invalid_request'],
    ['an expiry beyond the bound', { requested_expiry: '259201' }, 'invalid_request'],
    ['an unknown API', { audience: 'https://unknown.example/' }, 'invalid_target'],
    ['details of an unknown type', { authorization_details: '[{"type":"x"}]' }, 'invalid_authorization_details'],
    ['a repeated message', { binding_message: ['a', 'b'] }, 'invalid_request'],
  ])('refuses %s', async (_name, changes, error) => {
    const { status, body } = await request(changes)
    expect([status, body.error]).toEqual([400, error])
    expect(await controls().pendingRequests()).toEqual([])
  })

  test('needs a confidential client that may ask', async () => {
    const { status, body } = await post(url.backchannel(world.target), { scope: 'openid', login_hint: 'ann' })
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    const open = await post(url.backchannel(world.target), {
      client_id: 'stock-cli',
      scope: 'openid',
      login_hint: 'ann',
    })
    expect(open.body.error).toBe('unauthorized_client')
  })

  test('takes an id_token of the client as hint, even past its end', async () => {
    const { tokens } = await login(world.target, { subject: 'bob' })
    await seconds(7200)
    const id_token_hint = tokens.id_token as string
    expect((await request({ login_hint: undefined, id_token_hint })).status).toBe(200)
    expect(await controls().pendingRequests('bob')).toHaveLength(1)
    const foreign = await request({ login_hint: undefined, id_token_hint }, world.target.clients.other)
    expect(foreign.body.error).toBe('invalid_request')
    const forged = `${id_token_hint.slice(0, id_token_hint.lastIndexOf('.'))}.AAAA`
    expect((await request({ login_hint: undefined, id_token_hint: forged })).body.error).toBe('invalid_request')
    const accessToken = await request({ login_hint: undefined, id_token_hint: tokens.access_token })
    expect(accessToken.body.error).toBe('invalid_request')
  })

  test('asks for a message where the server insists', async () => {
    const server = createMockAuthorizationServer({
      issuer: 'https://insists.example',
      clients: [{ clientId: 'app', clientSecret: 's' }],
      users: [{ subject: 'ann' }],
      ciba: { bindingMessageRequired: true },
    })
    const ask = (more: Record<string, string>) =>
      call(server, '/bc-authorize', { scope: 'openid', login_hint: 'ann', ...more }, basic('app', 's'))
    expect((await ask({})).body.error).toBe('invalid_request')
    expect((await ask({ binding_message: 'Hello' })).status).toBe(200)
  })
})
