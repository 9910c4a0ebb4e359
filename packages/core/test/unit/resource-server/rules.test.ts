import { describe, expect, test, vi } from 'vitest'
import type { Actor, AgentIdentity, UserIdentity } from '../../../src/base/contract/index.ts'
import { InvalidTokenError } from '../../../src/base/errors/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { as, audience, bearer, here, makeApi, passed, proofKey, refused, tokenOf, useIssuer } from './api.ts'

useIssuer()

const now = Math.floor(Date.now() / 1000)
const api = makeApi()

describe('scopes', () => {
  test('any of several will do', async () => {
    await passed(api.protect(await bearer({ scope: 'b' }), { anyScope: ['a', 'b'] }))
    const { status, challenge, reason } = await refused(api.protect(await bearer(), { anyScope: ['a', 'b'] }))
    expect([status, reason]).toEqual([403, 'the token lacks one of a, b'])
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="a b"')
  })

  test('all and any together', async () => {
    const rules = { scopes: ['portfolio:read'], anyScope: ['a', 'trade:write'] }
    await passed(api.protect(await bearer(), rules))
    expect((await refused(api.protect(await bearer({ scope: 'a' }), rules))).challenge).toContain(
      'scope="portfolio:read"',
    )
  })

  test('an empty list of which one is needed is a mistake', async () => {
    expect(await rejection(api.protect(await bearer(), { anyScope: [] }))).toMatchObject({ option: 'protect.anyScope' })
  })
})

describe('the login', () => {
  const rules = { acrValues: ['myACR', 'phr'], maxAge: 60, scopes: ['trade:write'] }
  test('passes when it was as asked', async () => {
    await passed(api.protect(await bearer({ acr: 'phr', auth_time: now - 30 }), rules))
  })

  test.each([
    ['another acr', { acr: 'pwd', auth_time: now }],
    ['an acr in other letters', { acr: 'myacr', auth_time: now }],
    ['no acr', { auth_time: now }],
    ['an old login', { acr: 'myACR', auth_time: now - 120 }],
    ['no time of login', { acr: 'myACR' }],
    ['a lack of scopes too: the login comes first', { acr: 'pwd', auth_time: now, scope: '' }],
  ])('is asked for again with %s', async (_name, claims) => {
    const { status, challenge } = await refused(api.protect(await bearer(claims), rules))
    expect(status).toBe(401)
    expect(challenge).toBe(
      'Bearer realm="api", error="insufficient_user_authentication", error_description="Another or a more recent login of the user is required", scope="trade:write", acr_values="myACR phr", max_age="60"',
    )
  })

  test('an agent alone has none', async () => {
    const agent = await bearer({ sub: 'agent-app', acr: 'myACR', auth_time: now })
    expect((await refused(api.protect(agent, { maxAge: 60 }))).status).toBe(401)
  })

  test.each([{ acrValues: [] }, { acrValues: ['a b'] }, { acrValues: ['a"b'] }, { maxAge: -1 }, { maxAge: 1.5 }])(
    'cannot be asked for as %j',
    async (bad) => {
      expect(await rejection(api.protect(await bearer(), bad))).toMatchObject({ code: 'ERR_CONFIGURATION' })
    },
  )
})

describe('the actor', () => {
  const act = { sub: 'agent:trader', act: { sub: 'agent:router', act: { sub: 'agent:first' } } }
  const only = (...allow: never[]) => makeApi({ actors: { allow } })

  test.each([
    ['by name', ['agent:trader'], { act }],
    ['by name and issuer', [{ issuer: as.issuer, subject: 'agent:trader' }], { act }],
    [
      'of another issuer',
      [{ issuer: 'https://idp.example', subject: 'x' }],
      { act: { sub: 'x', iss: 'https://idp.example' } },
    ],
    ['the user alone', ['agent:trader'], {}],
    ['an agent alone', ['agent-app'], { sub: 'agent-app' }],
  ])('passes: %s', async (_name, allow, claims) => {
    await passed(only(...(allow as never[])).protect(await bearer(claims)))
  })

  test.each([
    ['another agent', ['agent:other'], { act }],
    ['one who is named deeper in the chain', ['agent:router'], { act }],
    ['a namesake of another issuer', ['x'], { act: { sub: 'x', iss: 'https://idp.example' } }],
    ['a namesake of ours', [{ issuer: 'https://idp.example', subject: 'x' }], { act: { sub: 'x' } }],
    ['any actor, with an empty list', [], { act }],
    ['another agent alone', ['agent:trader'], { sub: 'agent-app' }],
  ])('is refused: %s', async (_name, allow, claims) => {
    const { status, challenge } = await refused(only(...(allow as never[])).protect(await bearer(claims)))
    expect([status, challenge]).toEqual([403, expect.stringContaining('error="actor_not_allowed"')])
  })

  test('can be required', async () => {
    const strict = makeApi({ actors: { required: true } })
    await passed(strict.protect(await bearer({ act })))
    expect((await refused(strict.protect(await bearer()))).status).toBe(403)
    expect((await refused(strict.protect(await bearer({ sub: 'agent-app' })))).status).toBe(403)
  })

  test('is shown to a function without those who acted before', async () => {
    const allow = vi.fn(() => true)
    await passed(makeApi({ actors: { allow } }).protect(await bearer({ act })))
    expect(allow).toHaveBeenCalledWith({ subject: 'agent:trader' } satisfies Actor, expect.anything())
    const truthy = makeApi({ actors: { allow: (() => 'yes') as never } })
    expect((await refused(truthy.protect(await bearer({ act })))).status).toBe(403)
  })

  test('may be narrowed for one request, and not widened', async () => {
    const narrow = only('agent:trader' as never)
    await passed(narrow.protect(await bearer({ act }), { actors: { allow: ['agent:trader'] } }))
    // The API would let it in, and this request does not.
    expect((await refused(narrow.protect(await bearer({ act }), { actors: { allow: ['agent:other'] } }))).status).toBe(
      403,
    )
    expect((await refused(makeApi().protect(await bearer(), { actors: { required: true } }))).status).toBe(403)
    for (const name of ['agent:trader', 'agent:other']) {
      const token = await bearer({ act: { sub: 'agent:other' } })
      expect((await refused(narrow.protect(token, { actors: { allow: [name] } }))).status).toBe(403)
    }
  })

  test.each([{ allowed: [] }, { allow: 'agent' }, { allow: [''] }, { allow: [{ subject: 'x' }] }])(
    'cannot be named as %j',
    (actors) => {
      expect(() => makeApi({ actors })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    },
  )
})

describe('an opaque token', () => {
  const claims = { aud: audience, sub: 'ann' }
  const user = (changes: Partial<UserIdentity> = {}) =>
    admit<UserIdentity>(
      { kind: 'user', issuer: as.issuer, subject: 'ann', expiresAt: now + 60, claims, ...changes },
      { token: new Token('opaque'), type: 'access_token', scopes: ['trade:write'] },
    )
  const opaque = () => new Request(here, { headers: { authorization: 'Bearer opaque' } })

  test('is asked about, once, and has its scopes', async () => {
    const introspect = vi.fn(async () => user())
    const result = await passed(makeApi({ introspect }).protect(opaque(), { scopes: ['trade:write'] }))
    expect(result.identity).toMatchObject({ subject: 'ann' })
    expect(result.tokenId).toMatch(/^[\w-]{43}$/)
    expect(introspect).toHaveBeenCalledExactlyOnceWith('opaque', expect.objectContaining({ audience: [audience] }))
  })

  test('is refused without introspection', async () => {
    expect(await refused(api.protect(opaque()))).toMatchObject({ status: 401, reason: 'malformed' })
  })

  test('is no way around a JWT that does not verify', async () => {
    const introspect = vi.fn(async () => user())
    const forged = `${(await tokenOf()).slice(0, -8)}AAAAAAAA`
    const request = new Request(here, { headers: { authorization: `Bearer ${forged}` } })
    expect((await refused(makeApi({ introspect }).protect(request))).reason).toBe('signature')
    expect(introspect).not.toHaveBeenCalled()
  })

  test('a JWT is asked about too where the API wants that, and its claims are those of the answer', async () => {
    const introspect = vi.fn(async () => user())
    const asking = makeApi({ introspect, introspectJwts: true })
    const jwt = await tokenOf()
    const request = () => new Request(here, { headers: { authorization: `Bearer ${jwt}` } })
    const result = await passed(asking.protect(request(), { scopes: ['trade:write'] }))
    expect(result.claims).toEqual(claims)
    expect(introspect).toHaveBeenCalledExactlyOnceWith(jwt, expect.objectContaining({ audience: [audience] }))
    const ended = async () => Promise.reject(new InvalidTokenError('inactive', 'no'))
    const revoked = makeApi({ introspect: ended, introspectJwts: true })
    expect(await refused(revoked.protect(request()))).toMatchObject({ status: 401, reason: 'inactive' })
    expect(() => makeApi({ introspectJwts: true })).toThrow(/introspectJwts: needs `introspect`/)
  })

  test.each([
    ['that is not active', () => Promise.reject(new InvalidTokenError('inactive', 'no')), 'inactive'],
    ['for another audience', async () => user({ claims: { aud: 'https://other.example' } }), 'audience'],
    ['of an issuer that is not ours', async () => user({ issuer: 'https://evil.example' }), 'issuer'],
    ['bound to a key', async () => user({ claims: { ...claims, cnf: { jkt: 'x' } } }), 'binding'],
  ])('%s is refused', async (_name, introspect, reason) => {
    expect(await refused(makeApi({ introspect }).protect(opaque()))).toMatchObject({ status: 401, reason })
  })

  test('bound to a key passes with its proof', async () => {
    const key = await proofKey()
    const introspect = async () => user({ claims: { ...claims, cnf: { jkt: key.thumbprint } } })
    const bound = makeApi({ introspect, dpop: { store: memoryStore() } })
    await passed(bound.protect(await key.request('opaque')))
    const stranger = await proofKey()
    expect((await refused(bound.protect(await stranger.request('opaque')))).reason).toBe('binding')
  })

  test('that no verification made is a fault, and no caller passes', async () => {
    const lookalike: AgentIdentity = { kind: 'agent', issuer: as.issuer, clientId: 'x', claims: {} }
    const forged = makeApi({ introspect: async () => lookalike })
    expect(await rejection(forged.protect(opaque()))).toMatchObject({ option: 'introspect' })
  })
})

describe('the metadata document', () => {
  const metadata = { scopes: ['trade:write'], name: 'Trading', documentation: 'https://docs.example.com/trade' }
  const api = makeApi({ metadata, dpop: { store: memoryStore(), required: true, algorithms: ['ES256'] } })
  const place = `${audience}/.well-known/oauth-protected-resource`

  test('is where it belongs', async () => {
    expect(api.metadataUrl).toBe(place)
    const response = api.metadata(new Request(place)) as Response
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({
      resource: audience,
      authorization_servers: [as.issuer],
      scopes_supported: ['trade:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Trading',
      resource_documentation: 'https://docs.example.com/trade',
      dpop_signing_alg_values_supported: ['ES256'],
      dpop_bound_access_tokens_required: true,
    })
  })

  test('answers GET and HEAD, and leaves other addresses alone', async () => {
    expect(await api.metadata(new Request(place, { method: 'HEAD' }))?.text()).toBe('')
    expect(api.metadata(new Request(place, { method: 'POST' }))?.status).toBe(405)
    for (const other of [`${place}/x`, `${place}?x=1`, here]) expect(api.metadata(new Request(other))).toBeUndefined()
    expect(makeApi().metadata(new Request(place))).toBeUndefined()
    expect('metadataUrl' in makeApi()).toBe(false)
  })

  test.each([
    ['https://api.example.com/v1/trade', '/.well-known/oauth-protected-resource/v1/trade'],
    ['https://api.example.com/v1/', '/.well-known/oauth-protected-resource/v1/'],
    ['https://api.example.com/?a=1', '/.well-known/oauth-protected-resource?a=1'],
  ])('of %s is at %s', async (resource, path) => {
    const deep = makeApi({ metadata: { resource } })
    expect(deep.metadataUrl).toBe(`https://api.example.com${path}`)
    expect(await deep.metadata(new Request(`http://10.0.0.7${path}`))?.json()).toMatchObject({ resource })
  })

  test('is named in every challenge', async () => {
    for (const request of [new Request(here), await bearer()]) {
      expect((await refused(api.protect(request))).challenge).toContain(`resource_metadata="${place}"`)
    }
  })

  test.each([
    ['an unknown option', { scope: ['x'] }, 'scope'],
    ['no web address', { resource: 'urn:api' }, 'resource'],
    ['plain http', { resource: 'http://api.example.com' }, 'resource'],
    ['a fragment', { resource: `${audience}#x` }, 'resource'],
    ['a quote', { resource: `${audience}/"` }, 'resource'],
    ['an invalid page', { documentation: 'x' }, 'documentation'],
  ])('is refused with %s', (_name, metadata, option) => {
    expect(() => makeApi({ metadata })).toThrow(
      expect.objectContaining({ option: `createResourceServer.metadata.${option}` }),
    )
  })

  test('needs issuers where there are several, and an identifier where there are several audiences', () => {
    expect(() => makeApi({ metadata: {}, authorizationServer: () => undefined })).toThrow(/authorizationServers/)
    expect(() => makeApi({ metadata: {}, audience: [audience, 'https://b.example'] })).toThrow(/resource/)
  })
})
