import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { everythingShownBy, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
const server = useMsw(...as.handlers)
const connect = (options = {}) =>
  connectAuthorizationServer(
    oidc({ issuer, clientId: 'agent-app', clientSecret: 'the-client-secret' }),
    surroundingsOf('test', options),
  )
const answer = (body: unknown, init: ResponseInit = {}) =>
  server.use(
    http.post(`${issuer}/token`, () =>
      typeof body === 'string' ? new HttpResponse(body, init) : HttpResponse.json(body as object, init),
    ),
  )

describe('a grant', () => {
  test('repeats the key of an array, leaves out what is undefined, and reads the answer', async () => {
    let sent = new URLSearchParams()
    server.use(
      http.post(`${issuer}/token`, async ({ request }) => {
        sent = new URLSearchParams(await request.text())
        return HttpResponse.json({
          access_token: 'issued',
          token_type: 'N_A',
          issued_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          expires_in: 60,
          scope: 'a  b',
          authorization_details: [{ type: 'stock_order', quantity: 50 }],
        })
      }),
    )
    const tokens = await connect().grant(exchange, {
      resource: ['https://a', 'https://b'],
      scope: 'a b',
      actor: undefined,
    })
    expect(sent.getAll('resource')).toEqual(['https://a', 'https://b'])
    expect(sent.get('grant_type')).toBe(exchange)
    expect(sent.has('actor')).toBe(false)
    expect(tokens).toEqual({
      accessToken: 'issued',
      tokenType: 'n_a',
      issuedTokenType: 'urn:ietf:params:oauth:token-type:jwt',
      expiresIn: 60,
      scopes: ['a', 'b'],
      authorizationDetails: [{ type: 'stock_order', quantity: 50 }],
    })
  })

  test('reads a backchannel acknowledgement, with 5 s where no interval is given', async () => {
    server.use(http.post(`${issuer}/bc-authorize`, () => HttpResponse.json({ auth_req_id: 'id', expires_in: 120 })))
    const acknowledged = await connect().requestBackchannelAuthentication({ scope: 'openid' })
    expect(acknowledged).toEqual({ authReqId: 'id', expiresIn: 120, interval: 5 })
  })

  test(verifies('E2', 'is never sent twice'), async () => {
    let tries = 0
    server.use(
      http.post(`${issuer}/token`, () => {
        tries++
        return HttpResponse.error()
      }),
    )
    expect(await rejection(connect().grant(exchange, {}))).toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(tries).toBe(1)
  })
})

describe('a failure', () => {
  const oauth = (error: string, status = 400, headers = {}) => [{ error }, { status, headers }] as const
  test.each([
    ['an OAuth error', oauth('invalid_grant'), { code: 'ERR_OAUTH_RESPONSE', error: 'invalid_grant', status: 400 }],
    [
      'an OAuth error beside a challenge',
      oauth('invalid_client', 401, { 'www-authenticate': 'Basic realm="as"' }),
      { code: 'ERR_OAUTH_RESPONSE', error: 'invalid_client', status: 401 },
    ],
    [
      'slow_down with Retry-After',
      oauth('slow_down', 400, { 'retry-after': '9' }),
      { code: 'ERR_OAUTH_RESPONSE', error: 'slow_down', retryAfter: 9 },
    ],
    ['slow_down with 429', oauth('slow_down', 429), { code: 'ERR_OAUTH_RESPONSE', error: 'slow_down', status: 429 }],
    ['429', oauth('too_many_requests', 429), { code: 'ERR_TRANSPORT', status: 429, retryable: true }],
    ['429 in html', ['<html>', { status: 429 }], { code: 'ERR_TRANSPORT', status: 429 }],
    ['500 with an OAuth error', oauth('server_error', 500), { code: 'ERR_TRANSPORT', status: 500 }],
    [
      '503 with a date',
      ['', { status: 503, headers: { 'retry-after': new Date(Date.now() + 60_500).toUTCString() } }],
      { code: 'ERR_TRANSPORT', status: 503, retryAfter: expect.closeTo(60, -1) },
    ],
    [
      'a wait of thousands of years',
      ['', { status: 503, headers: { 'retry-after': '99999999999' } }],
      { code: 'ERR_TRANSPORT', retryAfter: 86_400 },
    ],
    [
      'a wait that is over',
      ['', { status: 503, headers: { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' } }],
      { code: 'ERR_TRANSPORT', retryAfter: 0 },
    ],
    [
      'an invalid wait',
      ['', { status: 503, headers: { 'retry-after': 'soon' } }],
      { code: 'ERR_TRANSPORT', retryAfter: undefined },
    ],
    ['408', ['', { status: 408 }], { code: 'ERR_TRANSPORT', status: 408 }],
    [
      '400 in html',
      ['<html>', { status: 400 }],
      { code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('(status 400) breaks the specification') },
    ],
    ['200 in html', ['<html>', { status: 200 }], { code: 'ERR_INVALID_RESPONSE' }],
    ['200 without a token', [{ token_type: 'Bearer' }, {}], { code: 'ERR_INVALID_RESPONSE' }],
    ['200 without a token type', [{ access_token: 'x' }, {}], { code: 'ERR_INVALID_RESPONSE' }],
    ['an unknown token type', [{ access_token: 'x', token_type: 'mac' }, {}], { code: 'ERR_INVALID_RESPONSE' }],
    [
      'a negative life time',
      [{ access_token: 'x', token_type: 'Bearer', expires_in: -1 }, {}],
      { code: 'ERR_INVALID_RESPONSE' },
    ],
    [
      'details without a type',
      [{ access_token: 'x', token_type: 'Bearer', authorization_details: [{}] }, {}],
      { code: 'ERR_INVALID_RESPONSE' },
    ],
    ['a redirect', ['', { status: 307, headers: { location: 'https://evil' } }], { code: 'ERR_INVALID_RESPONSE' }],
  ] as const)('is told apart: %s', async (_name, [body, init], expected) => {
    answer(body, init)
    expect(await rejection(connect().grant(exchange, {}))).toMatchObject(expected)
  })

  test('names an endpoint that the metadata lacks as a matter of set-up', async () => {
    const { backchannel_authentication_endpoint: _, ...metadata } = as.metadata
    server.use(http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(metadata)))
    const error = await rejection(connect().requestBackchannelAuthentication({}))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
  })
})

describe('the end of a grant', () => {
  test("comes at once on abort, with the signal's own reason, and cancels the request", async () => {
    let cancelled: unknown
    const hang = (_input: unknown, init?: RequestInit) =>
      new Promise<Response>((_, reject) => {
        init?.signal?.addEventListener('abort', () => {
          cancelled = init.signal?.reason
          reject(init.signal?.reason)
        })
      })
    const connected = connect({
      fetch: (input: string, init: RequestInit) =>
        String(input).endsWith('/token') ? hang(input, init) : fetch(input, init),
    })
    const controller = new AbortController()
    const reason = { mine: true }
    const granting = connected.grant(exchange, {}, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 50)
    expect(await rejection(granting)).toBe(reason)
    expect(cancelled).toBe(reason)
  })

  test('comes before any request when the signal has ended already', async () => {
    as.requests.length = 0
    const signal = AbortSignal.abort(new Error('over'))
    await expect(connect().grant(exchange, {}, { signal })).rejects.toThrow('over')
    expect(as.requests).toEqual([])
  })

  test('comes with the deadline, and is worth another try', async () => {
    server.use(http.post(`${issuer}/token`, () => new Promise<never>(() => {})))
    const error = await rejection(connect({ timeoutMs: 150 }).grant(exchange, {}))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true, message: 'no answer within 150 ms' })
  })
})

describe('no failure shows a token or a secret', () => {
  const subject = 'eyJ.subject-token-of-ann.sig'
  test.each([
    ['a broken success answer', { access_token: subject, expires_in: 'soon' }, 200],
    ['an unknown token type', { access_token: subject, token_type: 'mac' }, 200],
    ['JSON that breaks off', `{"access_token":"${subject}"`, 200],
    ['text that is no JSON', `access_token=${subject}`, 200],
    ['a server that repeats the token', { error: 'invalid_request', error_description: `bad: ${subject}` }, 400],
    ['a server that repeats it as the error', { error: subject }, 400],
    ['a server that repeats the secret', { error: 'invalid_client', error_description: 'the-client-secret' }, 401],
    ['an id_token that is no text', { access_token: 'x', token_type: 'Bearer', id_token: [subject] }, 200],
  ])('%s', async (_name, body, status) => {
    answer(body, { status })
    const connected = connectAuthorizationServer(
      oidc({
        issuer,
        clientId: 'agent-app',
        clientAuthentication: { method: 'client_secret_post', clientSecret: 'the-client-secret' },
      }),
      surroundingsOf('test', {}),
    )
    const error = await rejection(connected.grant(exchange, { subject_token: subject }))
    expect(everythingShownBy(error)).not.toContain('subject-token-of-ann')
    expect(everythingShownBy(error)).not.toContain('the-client-secret')
  })

  test.each(['client_secret_basic', 'client_secret_post'] as const)(
    'a server that repeats what proved the client by %s, in any spelling',
    async (method) => {
      const clientSecret = 'a/secret with=spaces+signs'
      const sent = new URLSearchParams([['', clientSecret]]).toString().slice(1)
      const spellings = [clientSecret, sent, btoa(`agent-app:${sent}`)]
      const connected = connectAuthorizationServer(
        oidc({ issuer, clientId: 'agent-app', clientAuthentication: { method, clientSecret } }),
        surroundingsOf('test', {}),
      )
      for (const said of spellings) {
        answer({ error: 'invalid_client', error_description: `not you: ${said}` }, { status: 401 })
        expect(everythingShownBy(await rejection(connected.grant(exchange, {})))).not.toContain(said)
      }
      expect(await rejection(connected.grant(exchange, {}))).toMatchObject({ errorDescription: 'not you: [token]' })
    },
  )

  test('a server that repeats two secrets, of which one begins with the other', async () => {
    answer({ error: 'invalid_request', error_description: `bad: ${subject}.and-the-rest` }, { status: 400 })
    const failing = connect().grant(exchange, { subject_token: subject, actor_token: `${subject}.and-the-rest` })
    expect(await rejection(failing)).toMatchObject({ errorDescription: 'bad: [token]' })
  })

  test('an injected fetch that hangs its request on its error', async () => {
    const error = Object.assign(new Error('socket closed'), { config: { data: subject } })
    const connected = connect({
      fetch: async (input: string) => {
        if (String(input).endsWith('/token')) throw error
        return HttpResponse.json(as.metadata)
      },
    })
    const shown = everythingShownBy(await rejection(connected.grant(exchange, { subject_token: subject })))
    expect(shown).toContain('socket closed')
    expect(shown).not.toContain('subject-token-of-ann')
  })

  test('the profile itself', () => {
    const profile = oidc({ issuer, clientId: 'agent-app', clientSecret: 'the-client-secret' })
    expect(everythingShownBy(Object.assign(new Error('x'), { profile }))).not.toContain('the-client-secret')
  })
})
