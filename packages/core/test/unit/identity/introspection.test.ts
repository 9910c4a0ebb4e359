import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { keycloak } from '../../../src/oauth/profiles/keycloak.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { everythingShownBy, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
as.metadata.introspection_endpoint = `${issuer}/introspect`
const audience = 'https://api.example.com'
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600
const good = () => ({
  active: true,
  iss: issuer,
  aud: audience,
  sub: 'ann',
  client_id: 'app',
  scope: 'a b',
  token_type: 'Bearer',
  exp: inAnHour(),
})

let answer: Record<string, unknown> = {}
let asked: { body: URLSearchParams; authorization: string | null }[] = []
let hold: Promise<void> | undefined
const server = useMsw(
  ...as.handlers,
  http.post(`${issuer}/introspect`, async ({ request }) => {
    asked.push({ body: new URLSearchParams(await request.text()), authorization: request.headers.get('authorization') })
    await hold
    return HttpResponse.json(answer)
  }),
)
beforeEach(() => {
  answer = good()
  asked = []
  hold = undefined
})

const authorizationServer = oidc({ issuer, clientId: 'api', clientSecret: 'secret' })
const create = (options: object = {}) => createIntrospection({ authorizationServer, audience, ...options })
const refusal = (options: object = {}, call: object = {}) => rejection(create(options)('opaque-token', call))

describe('an opaque token', () => {
  test('is refused where the answer nests so deep that walking it could exhaust the stack', async () => {
    answer.x = JSON.parse('['.repeat(1_000) + ']'.repeat(1_000))
    expect(await refusal()).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'claims' })
  })

  test('is asked about, with our own authentication, and makes an identity', async () => {
    Object.assign(answer, { act: { sub: 'agent:trader' }, acr: 'mfa', auth_time: 7, sid: 's-1', username: 'Ann' })
    const identity = await create()('opaque-token')
    expect(identity).toMatchObject({
      kind: 'user',
      issuer,
      subject: 'ann',
      clientId: 'app',
      actor: { subject: 'agent:trader' },
      acr: 'mfa',
      authTime: 7,
      sessionId: 's-1',
      expiresAt: answer.exp,
    })
    expect(isVerified(identity)).toBe(true)
    expect(subjectTokenOf(identity)).toMatchObject({ type: 'access_token', scopes: ['a', 'b'], audience: [audience] })
    expect(asked).toHaveLength(1)
    expect(asked[0]?.authorization).toMatch(/^Basic /)
    expect(Object.fromEntries(asked[0]?.body ?? [])).toEqual({
      token: 'opaque-token',
      token_type_hint: 'access_token',
    })
  })

  test('need not say when it ends', async () => {
    answer.exp = undefined
    expect('expiresAt' in (await create()('opaque-token'))).toBe(false)
  })

  test('may be that of a client alone', async () => {
    Object.assign(answer, { sub: 'app' })
    expect(await create()('opaque-token')).toMatchObject({ kind: 'agent', clientId: 'app' })
  })

  test('may be bound to the key that was proved', async () => {
    Object.assign(answer, { cnf: { jkt: 'k' }, token_type: 'DPoP' })
    const identity = await create()('opaque-token', { provedKey: 'k' })
    expect(subjectTokenOf(identity)).toMatchObject({ keyThumbprint: 'k' })
  })
})

describe('is refused', () => {
  test.each([
    ['inactive', { active: false }, 'inactive'],
    ['inactive, with all else in order', { ...good(), active: false }, 'inactive'],
    ['another issuer', { iss: 'https://other.example.com' }, 'issuer'],
    ['another audience', { aud: ['https://other.example.com'] }, 'audience'],
    ['no audience', { aud: undefined }, 'audience'],
    ['expired', { exp: 1 }, 'expired'],
    ['not yet valid', { nbf: inAnHour() }, 'not_yet_valid'],
    ['an end that is no number', { exp: 'never' }, 'claims'],
    ['no subject', { sub: undefined }, 'subject'],
    ['no client', { client_id: undefined }, 'claims'],
    ['a client without a name', { client_id: '' }, 'claims'],
    ['an actor without a name', { act: {} }, 'actor'],
    ['bound to a key', { cnf: { jkt: 'k' } }, 'binding'],
    ['a refresh token', { token_type: 'refresh_token' }, 'type'],
    ['a type that is no text', { token_type: 7 }, 'type'],
  ])('%s', async (_name, changes, reason) => {
    Object.assign(answer, changes)
    const error = await refusal()
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
    expect(everythingShownBy(error)).not.toContain('opaque-token')
  })

  test('a token without audience and type, even where an audience may be missing', async () => {
    Object.assign(answer, { aud: undefined })
    expect(await create({ missingAudience: 'accept' })('opaque-token')).toMatchObject({ subject: 'ann' })
    answer.token_type = undefined
    expect(await refusal({ missingAudience: 'accept' })).toMatchObject({ reason: 'type' })
  })

  test('what the provider does not call an access token', async () => {
    const realm = keycloak({ url: 'https://kc.example.com', realm: 'r', clientId: 'api', clientSecret: 's' })
    const kc = await mockIssuer(realm.issuer)
    kc.metadata.introspection_endpoint = `${realm.issuer}/introspect`
    server.use(
      ...kc.handlers,
      http.post(`${realm.issuer}/introspect`, () => HttpResponse.json({ ...answer, iss: realm.issuer })),
    )
    answer.typ = 'Refresh'
    expect(await refusal({ authorizationServer: realm })).toMatchObject({ reason: 'type' })
    answer.typ = 'Bearer'
    expect(await create({ authorizationServer: realm })('opaque-token')).toMatchObject({ subject: 'ann' })
  })

  test.each([
    ['', 'malformed'],
    ['x'.repeat(16 * 1024 + 1), 'too_large'],
  ])('before any request: %#', async (token, reason) => {
    expect(await rejection(create()(token))).toMatchObject({ reason })
    expect(asked).toEqual([])
  })

  test.each([
    ['an answer that is no JSON object', 'no'],
    ['an answer without active', {}],
    ['active as a text', { ...good(), active: 'true' }],
  ])('%s', async (_name, body) => {
    server.use(http.post(`${issuer}/introspect`, () => HttpResponse.json(body as object)))
    expect(await refusal()).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})

describe('asking', () => {
  test('is done each time, unless a cache was asked for', async () => {
    const introspect = create()
    await introspect('opaque-token')
    await introspect('opaque-token')
    expect(asked).toHaveLength(2)
  })

  test('is done once for all who ask at the same time', async () => {
    let release = () => {}
    hold = new Promise((resolve) => {
      release = resolve
    })
    const introspect = create()
    const both = [introspect('opaque-token'), introspect('opaque-token'), introspect('another')]
    await expect.poll(() => asked.length).toBe(2)
    release()
    await Promise.all(both)
    expect(asked).toHaveLength(2)
  })

  test('is spared for a bounded time and a bounded number of good answers', async () => {
    let now = Date.now()
    const introspect = create({ cacheSeconds: 60, cacheSize: 2, clock: { now: () => now } })
    await introspect('t1')
    await introspect('t1')
    expect(asked).toHaveLength(1)
    now += 59_000
    await introspect('t1')
    expect(asked).toHaveLength(1)
    now += 2_000
    await introspect('t1')
    expect(asked).toHaveLength(2)
    await introspect('t2')
    await introspect('t3')
    await introspect('t1')
    expect(asked).toHaveLength(5)
  })

  test('a kept answer is as old as its question, however late it came: a token that was revoked meanwhile is not taken for longer', async () => {
    let now = Date.now()
    const introspect = create({ cacheSeconds: 5, clock: { now: () => now } })
    const release = Promise.withResolvers<void>()
    hold = release.promise
    const slow = introspect('t1')
    await expect.poll(() => asked.length).toBe(1)
    now += 4_000
    release.resolve()
    await slow
    now += 999
    await introspect('t1')
    expect(asked).toHaveLength(1)
    answer = { active: false }
    now += 1
    expect(await rejection(introspect('t1'))).toMatchObject({ reason: 'inactive' })
  })

  test('a kept answer is still held to its end, its audience and its key', async () => {
    let now = Date.now()
    Object.assign(answer, { exp: Math.floor(now / 1000) + 10 })
    const introspect = create({ cacheSeconds: 600, clock: { now: () => now } })
    await introspect('t1')
    expect(await rejection(introspect('t1', { audience: ['https://other'] }))).toMatchObject({ reason: 'audience' })
    expect(await rejection(introspect('t1', { provedKey: 'k' }))).toMatchObject({ reason: 'binding' })
    now += 41_000
    expect(await rejection(introspect('t1'))).toMatchObject({ reason: 'expired' })
    expect(asked).toHaveLength(1)
  })

  test('an answer that was kept is gone with the refusal that follows it, whatever the clock does', async () => {
    let now = Date.now()
    const introspect = create({ cacheSeconds: 60, clock: { now: () => now } })
    await introspect('t1')
    now += 61_000
    answer = { active: false }
    expect(await rejection(introspect('t1'))).toMatchObject({ reason: 'inactive' })
    // Set back, as clocks are now and then.
    now -= 5_000
    expect(await rejection(introspect('t1'))).toMatchObject({ reason: 'inactive' })
  })

  test('a refusal is never kept', async () => {
    answer = { active: false }
    const introspect = create({ cacheSeconds: 60 })
    expect(await rejection(introspect('t1'))).toMatchObject({ reason: 'inactive' })
    answer = good()
    expect(await introspect('t1')).toMatchObject({ subject: 'ann' })
  })

  test('of a server without the endpoint says so', async () => {
    const plain = await mockIssuer('https://plain.example.com')
    server.use(...plain.handlers)
    const profile = oidc({ issuer: plain.issuer, clientId: 'api', clientSecret: 's' })
    expect(await refusal({ authorizationServer: profile })).toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('introspection'),
    })
  })
})

describe('the options are refused', () => {
  test.each([
    ['a public client', { authorizationServer: oidc({ issuer, clientId: 'api' }) }, 'authorizationServer'],
    ['a function', { authorizationServer: () => authorizationServer }, 'authorizationServer'],
    ['no audience', { audience: undefined }, 'audience'],
    ['a cache without end', { cacheSeconds: Number.POSITIVE_INFINITY }, 'cacheSeconds'],
    ['a cache of no size', { cacheSize: 0 }, 'cacheSize'],
    ['a guess at audiences', { missingAudience: true }, 'missingAudience'],
    ['an unknown one', { cache: 60 }, 'cache'],
  ])('%s', (_name, options, option) => {
    expect(() => create(options)).toThrow(expect.objectContaining({ option: `createIntrospection.${option}` }))
  })
})

describe('a JWT', () => {
  const otherIssuer = 'https://other-as.example.com'
  const jwt = (claims: object = {}, iss = issuer) => as.sign({ sub: 'ann', aud: audience, ...claims, iss } as never)

  test('of another issuer is sent to no issuer but its own', async () => {
    const refused = await rejection(create()(await jwt({}, otherIssuer)))
    expect(refused).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'issuer' })
    expect(asked).toHaveLength(0)
    expect(await create()(await jwt())).toMatchObject({ subject: 'ann' })
  })

  test('that is bound to a key needs the key, also where the answer leaves that out', async () => {
    const bound = await jwt({ cnf: { jkt: 'k'.repeat(43) } })
    expect(await rejection(create()(bound))).toMatchObject({ reason: 'binding' })
    expect(await rejection(create()(bound, { provedKey: 'x'.repeat(43) }))).toMatchObject({ reason: 'binding' })
    const identity = await create()(bound, { provedKey: 'k'.repeat(43) })
    expect(subjectTokenOf(identity)?.keyThumbprint).toBe('k'.repeat(43))
    expect(await rejection(create()(await jwt({ cnf: { 'x5t#S256': 'k' } })))).toMatchObject({ reason: 'binding' })
  })

  test('that is for another API is refused, also where an answer may leave that out', async () => {
    answer = { ...good(), aud: undefined }
    const accepting = create({ missingAudience: 'accept' })
    const forAnother = await jwt({ aud: 'https://other.example.com' })
    expect(await rejection(accepting(forAnother))).toMatchObject({ reason: 'audience' })
    expect(await accepting(await jwt())).toMatchObject({ subject: 'ann' })
    // What it says for itself does not count.
    expect(await rejection(create()(await jwt()))).toMatchObject({ reason: 'audience' })
  })
})
