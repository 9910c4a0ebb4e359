import { HttpResponse, http } from 'msw'
import { expect, test } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const as = await mockIssuer('https://lifetimes.example')
const { issuer } = as
const server = useMsw(...as.handlers)
const connect = () =>
  connectAuthorizationServer(
    oidc({ issuer, clientId: 'app', clientSecret: 'a-client-secret' }),
    surroundingsOf('test', {}),
  )
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Calls each endpoint whose answer has a lifetime. */
const lifetimes: readonly [string, string, object, () => Promise<{ readonly expiresIn?: number }>][] = [
  ['token', '/token', { access_token: 'x', token_type: 'Bearer' }, () => connect().grant(exchange, {})],
  [
    'backchannel authentication',
    '/bc-authorize',
    { auth_req_id: 'id' },
    () => connect().requestBackchannelAuthentication({ scope: 'openid' }),
  ],
  [
    'device authorization',
    '/device',
    { device_code: 'd', user_code: 'u', verification_uri: 'https://a.example' },
    () => connect().requestDeviceAuthorization({ scope: 'openid' }),
  ],
]
const endpoint = { ...as.metadata, device_authorization_endpoint: `${issuer}/device` }
const answers = (path: string, body: string) =>
  server.use(
    http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(endpoint)),
    http.post(`${issuer}${path}`, () => new HttpResponse(body, { headers: { 'content-type': 'application/json' } })),
  )

test.each(lifetimes)('reads the lifetime of a %s response: a number, or its digits', async (_, path, fields, ask) => {
  for (const [text, seconds] of [
    ['60', 60],
    ['"60"', 60],
    ['0.5', 0.5],
    ['2147483647', 2_147_483_647],
  ] as const) {
    answers(path, `${JSON.stringify(fields).slice(0, -1)}, "expires_in": ${text}}`)
    expect(await ask()).toMatchObject({ expiresIn: seconds })
  }
})

test.each(lifetimes)('refuses another lifetime in a %s response', async (_, path, fields, ask) => {
  for (const text of [
    '"3e2"',
    '"0x10"',
    '0',
    '"0"',
    '-1',
    '1e300',
    '"1e2"',
    '" 60"',
    '"60 s"',
    '""',
    'null',
    '[60]',
    'true',
  ]) {
    answers(path, `${JSON.stringify(fields).slice(0, -1)}, "expires_in": ${text}}`)
    expect(await rejection(ask()), text).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('expires_in'),
    })
  }
})
