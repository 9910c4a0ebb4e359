import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { AgentIdentity } from '../../../src/base/contract/index.ts'
import {
  ConfigurationError,
  InvalidResponseError,
  OAuthResponseError,
  TransportError,
} from '../../../src/base/errors/index.ts'
import { revealToken, Token } from '../../../src/credential/index.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { mockIssuer } from '../oauth/mock-issuer.ts'
import { API, ann, exchangeServer, ISSUER, SECONDS, SUBJECT_TOKEN } from './exchange-server.ts'

const server = await exchangeServer()
const refusal = (promise: Promise<unknown>, message: string | RegExp) =>
  expect(promise).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_RESPONSE', message: expect.stringMatching(message) }),
  )

describe('an exchange', () => {
  test('gives a token for the API, with what is known of it', async () => {
    const exchanged = await server.exchange()
    expect(exchanged).toEqual({
      token: expect.any(Token),
      scopes: ['portfolio:read', 'trade:write'],
      expiresAt: SECONDS + 60,
      actor: { subject: 'agent:trader' },
      verified: true,
    })
    expect(revealToken(exchanged.token).split('.')).toHaveLength(3)
    expect(Object.fromEntries(server.forms[0] ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: SUBJECT_TOKEN,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: API,
      scope: 'portfolio:read trade:write',
    })
  })

  test('names its target as the provider does', async () => {
    const authorizationServer = server.connect({ target: 'audience' })
    await server.exchange({ authorizationServer })
    expect(server.forms[0]?.getAll('audience')).toEqual([API])
    expect(server.forms[0]?.has('resource')).toBe(false)
    expect(auth0({ domain: 'x.eu.auth0.com', clientId: 'a', clientSecret: 'b' }).target).toBe('audience')
  })

  test('takes a logical name beside the identifier', async () => {
    await server.exchange({ audience: 'trade-api' })
    expect(server.forms[0]?.get('resource')).toBe(API)
    expect(server.forms[0]?.get('audience')).toBe('trade-api')
    server.tokenSays({ aud: 'trade-api' })
    const { resource: _, ...only } = { resource: undefined }
    await expect(server.exchange({ ...only, audience: 'trade-api' })).resolves.toMatchObject({ verified: true })
  })

  test('sends an actor token with its type', async () => {
    await server.exchange({ actorToken: { token: new Token('actor-token'), type: 'jwt' } })
    expect(server.forms[0]?.get('actor_token')).toBe('actor-token')
    expect(server.forms[0]?.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt')
  })

  test('sends no scope that was not asked, and never none', async () => {
    for (const scopes of [[], [''], ['a b'], ['a', 'a']]) {
      await expect(server.exchange({ scopes })).rejects.toThrow(ConfigurationError)
    }
    expect(server.forms).toEqual([])
  })

  test.each([
    ['resource or audience', { resource: undefined as never }],
    ['exchangeToken.resource', { resource: ' ' }],
    ['exchangeToken.authorizationDetails', { authorizationDetails: [{ type: 'stock_order' }] }],
    ['exchangeToken.retries', { retries: 3 }],
    ['exchangeToken.subjectToken: give what subjectTokenOf(identity) gives', { subjectToken: undefined }],
    ['exchangeToken.subjectToken: give what subjectTokenOf(identity) gives', { subjectToken: SUBJECT_TOKEN }],
  ])('sends nothing when %s is wrong', async (message, options) => {
    await expect(server.exchange(options as never)).rejects.toThrow(message)
    await expect(server.exchange(options as never)).rejects.toThrow(ConfigurationError)
    expect(server.forms).toEqual([])
  })

  test('is refused where the provider has none', async () => {
    const authorizationServer = server.connect({ exchange: false })
    await expect(server.exchange({ authorizationServer })).rejects.toThrow('no token exchange')
    expect(server.forms).toEqual([])
  })

  test('is never sent twice', async () => {
    for (const answer of [() => new HttpResponse(null, { status: 503 }), () => HttpResponse.error() as never]) {
      server.forms.length = 0
      server.answersWith(answer)
      await expect(server.exchange()).rejects.toThrow(TransportError)
      expect(server.forms).toHaveLength(1)
    }
  })

  test('passes the refusal of the server on', async () => {
    server.answersWith(() => HttpResponse.json({ error: 'invalid_target' }, { status: 400 }))
    await expect(server.exchange()).rejects.toThrow(OAuthResponseError)
    await expect(server.exchange()).rejects.toMatchObject({ error: 'invalid_target', status: 400 })
  })

  test('shows no token, in what it gives or throws', async () => {
    const exchanged = await server.exchange()
    const value = revealToken(exchanged.token)
    expect(inspect(exchanged, { depth: 10, showHidden: true }) + JSON.stringify(exchanged)).not.toContain(value)
    server.answersWith((form) =>
      HttpResponse.json(
        { error: 'invalid_request', error_description: `bad ${form.get('subject_token')}` },
        { status: 400 },
      ),
    )
    const error = await server.exchange().catch((thrown: unknown) => thrown)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SUBJECT_TOKEN)
    server.answersWith(() =>
      HttpResponse.json({ access_token: value, token_type: 'Bearer', issued_token_type: 'urn:x', expires_in: 1 }),
    )
    const dropped = await server.exchange().catch((thrown: unknown) => thrown)
    expect(inspect(dropped, { depth: 10, showHidden: true })).not.toContain(value)
  })
})

describe('the answer is held against what was asked', () => {
  test(verifies('I7', 'a type that was not asked for'), async () => {
    server.answerSays({ issued_token_type: undefined })
    await refusal(server.exchange(), 'issued_token_type')
    server.answerSays({ issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' })
    await refusal(server.exchange(), 'not asked for')
  })

  test.each(['DPoP', 'N_A'])('token_type %s', async (type) => {
    server.answerSays({ token_type: type })
    await refusal(server.exchange(), /no access token of type Bearer or DPoP|bound to a key/)
  })

  test('scopes in the answer', async () => {
    server.answerSays({ scope: 'portfolio:read trade:write admin' })
    await refusal(server.exchange(), 'admin')
  })

  test('scopes in the token alone', async () => {
    server.tokenSays({ scope: 'portfolio:read admin' })
    await refusal(server.exchange(), 'admin')
  })

  test('fewer scopes are told', async () => {
    server.tokenSays({ scope: 'portfolio:read' })
    expect((await server.exchange()).scopes).toEqual(['portfolio:read'])
    server.answerSays({ scope: 'portfolio:read' })
    expect((await server.exchange()).scopes).toEqual(['portfolio:read'])
  })

  test.each([
    ['another subject', { sub: 'bob' }],
    ['another audience', { aud: 'https://other.example.com' }],
    ['no subject', { sub: undefined }],
    ['another client', { client_id: 'other-app' }],
    ['no client', { client_id: undefined }],
    ['no jti', { jti: undefined }],
    ['a key that is not held here', { cnf: { jkt: 'x' } }],
    ['an end that is past', { exp: SECONDS - 31 }],
    ['an actor without a name', { act: {} }],
  ])('a token for %s', async (_, claims) => {
    server.tokenSays(claims)
    await refusal(server.exchange(), /./)
  })

  test(verifies('I7', 'a token of another type'), async () => {
    server.tokenSays({}, { typ: 'JWT' })
    await refusal(server.exchange(), 'does not verify')
  })

  test(verifies('I7', 'a token that another key signed'), async () => {
    const forger = await mockIssuer(ISSUER)
    const token = await forger.sign(
      { sub: 'ann', aud: API, client_id: 'agent-app', jti: 'j', exp: SECONDS + 60 },
      { kid: server.issuer.kid },
    )
    server.answerSays({ access_token: token })
    await refusal(server.exchange(), 'does not verify')
  })

  test(verifies('I7', 'a subject is compared within one issuer only'), async () => {
    server.tokenSays({ sub: 'local-ann' })
    await refusal(server.exchange(), 'another subject')
    const identity = admit({ ...fieldsOf(ann), issuer: 'https://elsewhere.example.com' })
    await expect(server.exchange({ identity })).resolves.toMatchObject({ verified: true })
  })

  test("an agent alone gets its own token, not a user's", async () => {
    const claims = { sub: 'agent-app' }
    const identity: AgentIdentity = admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent-app', claims })
    await refusal(server.exchange({ identity }), 'another subject')
    server.tokenSays({ sub: 'agent-app', act: undefined })
    await expect(server.exchange({ identity })).resolves.toMatchObject({ verified: true })
  })

  test('a bound identity gets no unbound token (I8)', async () => {
    await refusal(server.exchange({ identity: admit({ ...fieldsOf(ann), claims: { cnf: { jkt: 'x' } } }) }), 'bound')
    // Of an opaque token only its source knows that it is bound.
    const subjectToken = { token: new Token(SUBJECT_TOKEN), type: 'access_token', keyThumbprint: 'x' } as const
    await refusal(server.exchange({ subjectToken }), 'bound')
  })

  test('an opaque token is taken as the answer describes it, and said to be unverified', async () => {
    server.answerSays({ access_token: 'opaque', scope: 'portfolio:read' })
    const exchanged = await server.exchange()
    expect(exchanged).toMatchObject({ scopes: ['portfolio:read'], expiresAt: SECONDS + 60, verified: false })
    expect(exchanged).not.toHaveProperty('actor')
  })
})

describe('the actor', () => {
  test('has to be there, or to be the one named', async () => {
    await expect(server.exchange({ actor: {} })).resolves.toMatchObject({ actor: { subject: 'agent:trader' } })
    await expect(server.exchange({ actor: { subject: 'agent:trader' } })).resolves.toBeDefined()
    await refusal(server.exchange({ actor: { subject: 'agent:other' } }), 'another actor')
    await refusal(server.exchange({ actor: { subject: 'agent:trader', issuer: ISSUER } }), 'another actor')
    server.tokenSays({ act: { sub: 'agent:trader', iss: ISSUER } })
    await expect(server.exchange({ actor: { subject: 'agent:trader', issuer: ISSUER } })).resolves.toBeDefined()
  })

  test('impersonation is no delegation', async () => {
    server.tokenSays({ act: undefined })
    await refusal(server.exchange({ actor: {} }), 'names no actor')
    await expect(server.exchange()).resolves.not.toHaveProperty('actor')
  })

  test('only the outermost counts; the others are told', async () => {
    server.tokenSays({ act: { sub: 'gateway', act: { sub: 'agent:trader' } } })
    await refusal(server.exchange({ actor: { subject: 'agent:trader' } }), 'another actor')
    const { actor } = await server.exchange({ actor: { subject: 'gateway' } })
    expect(actor).toEqual({ subject: 'gateway', actor: { subject: 'agent:trader' } })
  })

  test('an opaque token proves no actor', async () => {
    server.answerSays({ access_token: 'opaque' })
    await refusal(server.exchange({ actor: {} }), 'cannot be checked')
  })
})

describe('authorization details', () => {
  const details = [{ type: 'stock_order', symbol: 'AAPL', quantity: 50 }]
  const authorizationServer = server.connect({ exchange: { carriesAuthorizationDetails: true } })
  const exchange = () => server.exchange({ authorizationServer, authorizationDetails: details })

  test('are sent, and have to come back as they are', async () => {
    server.answerSays({ authorization_details: [{ quantity: 50, symbol: 'AAPL', type: 'stock_order' }] })
    await expect(exchange()).resolves.toBeDefined()
    expect(JSON.parse(server.forms[0]?.get('authorization_details') ?? '')).toEqual(details)
    server.answerSays({})
    server.tokenSays({ authorization_details: details })
    await expect(exchange()).resolves.toBeDefined()
  })

  test.each([
    ['none', undefined],
    ['others', [{ type: 'stock_order', symbol: 'AAPL', quantity: 500 }]],
    ['more', [...details, ...details]],
    ['richer ones', [{ ...details[0], limit: 1 }]],
  ])('%s are refused', async (_, granted) => {
    server.answerSays({ authorization_details: granted })
    await refusal(exchange(), 'authorization details')
  })

  test.each([new Date(0), Number.NaN, () => 1, 1n])('what JSON would change is not sent: %s', async (quantity) => {
    const asked = { authorizationServer, authorizationDetails: [{ type: 'stock_order', quantity }] }
    await expect(server.exchange(asked as never)).rejects.toThrow('exchangeToken.authorizationDetails')
    expect(server.forms).toEqual([])
  })
})

describe('the end of a token', () => {
  test.each([
    ['both', { expires_in: 60 }, { exp: SECONDS + 90 }, SECONDS + 60],
    ['both, the token ending first', { expires_in: 90 }, { exp: SECONDS + 60 }, SECONDS + 60],
    ['the token alone', { expires_in: undefined }, { exp: SECONDS + 60 }, SECONDS + 60],
    ['the answer alone', { expires_in: 60, access_token: 'opaque' }, {}, SECONDS + 60],
    ['neither', { expires_in: undefined, access_token: 'opaque' }, {}, undefined],
  ])('is told by %s', async (_, answer, claims, expected) => {
    server.answerSays(answer)
    server.tokenSays(claims)
    expect((await server.exchange()).expiresAt).toBe(expected)
  })
})

test('a fault of the key server is an outage, not a bad token', async () => {
  const { http } = await import('msw')
  const fresh = server.connect()
  server.msw.use(http.get(`${ISSUER}/jwks`, () => new HttpResponse(null, { status: 503 })))
  const error = await server.exchange({ authorizationServer: fresh }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TransportError)
  expect(error).not.toBeInstanceOf(InvalidResponseError)
})
