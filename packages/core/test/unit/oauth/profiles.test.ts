import { describe, expect, test } from 'vitest'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { allowInsecureLoopback } from '../../../src/oauth/profiles/profile.ts'
import { tokenScopes } from '../../../src/oauth/tokens/scopes.ts'

describe('oidc', () => {
  const options = { issuer: 'https://as.example.com/tenant', clientId: 'c' }

  test('is strict RFC 9068 with resource indicators, and promises nothing for CIBA and exchange', () => {
    const profile = oidc(options)
    expect(profile).toMatchObject({ issuer: options.issuer, target: 'resource', provider: 'oidc' })
    expect(profile.token.accessTokenTypes).toEqual(['at+jwt'])
    expect(profile.token.requiredClaims).toEqual(['sub', 'client_id', 'iat', 'jti'])
    expect(profile.ciba?.carriesAuthorizationDetails).toBe(false)
    expect(profile.exchange?.carriesAuthorizationDetails).toBe(false)
    expect(Object.isFrozen(profile)).toBe(true)
  })

  test('takes what differs at a server', () => {
    const ciba = { carriesAuthorizationDetails: true, detailsNeedTarget: true }
    const profile = oidc({ ...options, ciba, exchange: false, token: { accessTokenTypes: ['at+jwt', 'jwt', ''] } })
    expect(profile.ciba).toMatchObject({ ...ciba, reportsExpiryAsDenied: false })
    expect(profile.token.accessTokenTypes).toEqual(['at+jwt', 'jwt', ''])
    expect(profile.exchange).toBeUndefined()
  })

  test.each([
    ['an unknown option', { isuer: 'x' }, 'oidc.isuer'],
    ['an unknown CIBA option', { ciba: { hints: 1 } }, 'oidc.ciba.hints'],
    ['an unknown token option', { token: { types: [] } }, 'oidc.token.types'],
    ['a part that is no object', { token: null }, 'oidc.token'],
    ['CIBA that is only said to be there', { ciba: true }, 'oidc.ciba'],
    ['a hint that is no function', { ciba: { hint: 'sub' } }, 'oidc.ciba.hint'],
    ['half a life time', { ciba: { requestedExpiry: { parameter: 'x', min: 1 } } }, 'oidc.ciba.requestedExpiry'],
    [
      'a life time the wrong way round',
      { ciba: { requestedExpiry: { parameter: 'x', min: 9, max: 1 } } },
      'oidc.ciba.requestedExpiry',
    ],
    ['an invalid switch', { ciba: { carriesAuthorizationDetails: 'yes' } }, 'oidc.ciba.carriesAuthorizationDetails'],
    ['an unknown grant', { exchange: { grant: 'password' } }, 'oidc.exchange.grant'],
    ['subject tokens that are no list', { exchange: { subjectTokens: 'jwt' } }, 'oidc.exchange.subjectTokens'],
    ['a tenant that is no function', { token: { tenant: 'acme' } }, 'oidc.token.tenant'],
    ['an isAgent that is no function', { token: { isAgent: true } }, 'oidc.token.isAgent'],
    [
      'a token type that no token can have here',
      { token: { accessTokenTypes: ['JWT'] } },
      'oidc.token.accessTokenTypes',
    ],
    [
      'a token type as a media type',
      { token: { accessTokenTypes: ['application/at+jwt'] } },
      'oidc.token.accessTokenTypes',
    ],
    ['no token type', { token: { accessTokenTypes: [] } }, 'oidc.token.accessTokenTypes'],
    ['required claims that are no list', { token: { requiredClaims: 'sub' } }, 'oidc.token.requiredClaims'],
    ['unasked scopes that are no list', { token: { unaskedScopes: 'openid' } }, 'oidc.token.unaskedScopes'],
    ['unasked scopes of one grant', { exchange: { unaskedScopes: [] } }, 'oidc.exchange.unaskedScopes'],
    ['no client id', { clientId: undefined }, 'oidc.clientId'],
    ['no issuer', { issuer: undefined }, 'oidc.issuer'],
    ['an issuer that is no URL', { issuer: 'as.example.com' }, 'oidc.issuer'],
    ['a plain http issuer', { issuer: 'http://as.example.com' }, 'oidc.issuer'],
    [
      'a plain http issuer with the symbol',
      { issuer: 'http://as.example.com', [allowInsecureLoopback]: true },
      'oidc.issuer',
    ],
    ['loopback without the symbol', { issuer: 'http://localhost:3000' }, 'oidc.issuer'],
    ['an issuer with a query', { issuer: 'https://as.example.com?x=1' }, 'oidc.issuer'],
    ['an issuer with a fragment', { issuer: 'https://as.example.com#x' }, 'oidc.issuer'],
    ['an issuer with a password', { issuer: 'https://u:p@as.example.com' }, 'oidc.issuer'],
    ['no algorithm', { algorithms: [] }, 'oidc.algorithms'],
    ['the algorithm none', { algorithms: ['none'] }, 'oidc.algorithms[0]'],
    ['a symmetric algorithm', { algorithms: ['RS256', 'HS256'] }, 'oidc.algorithms[1]'],
    ['an unknown target', { target: 'scope' }, 'oidc.target'],
    ['an unknown discovery', { discovery: 'mcp' }, 'oidc.discovery'],
  ])('refuses %s', (_name, wrong, option) => {
    const make = () => oidc({ ...options, ...wrong } as Parameters<typeof oidc>[0])
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })
})

describe('auth0', () => {
  const profile = auth0({ domain: 'tenant.eu.auth0.com', clientId: 'c', clientSecret: 's' })

  test('writes the issuer as Auth0 does, and asks for an audience', () => {
    expect(profile).toMatchObject({ issuer: 'https://tenant.eu.auth0.com/', target: 'audience', provider: 'auth0' })
    expect(profile.clientAuthentication.method).toBe('client_secret_post')
  })

  test('names the approver by issuer and subject in JSON', () => {
    const hint = profile.ciba?.hint({ issuer: profile.issuer, subject: 'auth0|1' })
    expect(JSON.parse(hint?.login_hint ?? '')).toEqual({ format: 'iss_sub', iss: profile.issuer, sub: 'auth0|1' })
    expect(Object.keys(hint ?? {})).toEqual(['login_hint'])
  })

  test.each([
    ['', 'has 0 characters'],
    ['x'.repeat(65), 'has 65 characters; give 1 to 64'],
    ['Buy 50 € of AAPL', 'has €; give 1 to 64 letters'],
    ['Buy "AAPL"', 'letters'],
    ['two\nlines', 'letters'],
    ['Buy (50)', 'letters'],
  ])('refuses the message %j', (message, problem) => {
    expect(profile.ciba?.checkBindingMessage(message)).toContain(problem)
  })

  test.each(['Buy 50 shares of AAPL', 'a+b-c_d.e,f:g#1', 'x'.repeat(64)])('takes the message %j', (message) => {
    expect(profile.ciba?.checkBindingMessage(message)).toBeUndefined()
  })

  test('asks for 1 to 300 s, carries details with CIBA, and reports expiry as a refusal', () => {
    expect(profile.ciba?.requestedExpiry).toEqual({ parameter: 'requested_expiry', min: 1, max: 300 })
    expect(profile.ciba).toMatchObject({ carriesAuthorizationDetails: true, reportsExpiryAsDenied: true })
  })

  test('reads both of its token dialects', () => {
    const { token } = profile
    expect(token.clientId({ azp: 'app' })).toBe('app')
    expect(token.clientId({ client_id: 'app', azp: 'other' })).toBe('app')
    expect(token.tenant({ org_id: 'org_1' })).toBe('org_1')
    expect(tokenScopes(token, { scope: 'a b' })).toEqual(['a', 'b'])
    expect(token.isAgent?.({ sub: 'app@clients' })).toBe(true)
    expect(token.isAgent?.({ sub: 'auth0|1' })).toBe(false)
  })

  test.each([
    ['https://tenant.auth0.com'],
    ['tenant.auth0.com/'],
    ['Tenant.auth0.com'],
    ['user@tenant.auth0.com'],
    [''],
  ])('refuses the domain %j', (domain) => {
    expect(() => auth0({ domain, clientId: 'c' })).toThrow(expect.objectContaining({ option: 'auth0.domain' }))
  })
})
