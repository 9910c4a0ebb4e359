import { generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import { entra, keycloak, okta, spring } from '../../../src/entrypoints/providers.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { subjectOf } from '../../../src/oauth/jwt/read-claims.ts'
import { allowInsecureLoopback } from '../../../src/oauth/profiles/profile.ts'
import { tokenScopes } from '../../../src/oauth/tokens/scopes.ts'

const approver = { issuer: 'https://x', subject: '00u1' }

describe('okta', () => {
  const options = { domain: 'example.okta.com', authorizationServer: 'default', clientId: 'c', clientSecret: 's' }
  const profile = okta({ ...options, loginHint: ({ subject }) => `${subject}@example.com` })

  test('is a custom authorization server, its audience, and Basic', () => {
    expect(profile).toMatchObject({
      provider: 'okta',
      issuer: 'https://example.okta.com/oauth2/default',
      target: 'audience',
      clientAuthentication: { method: 'client_secret_basic' },
      exchange: { grant: 'token-exchange', carriesAuthorizationDetails: false },
    })
  })

  test('asks by user name, for a life time that has a name of its own, and without details', () => {
    expect(profile.ciba?.hint(approver)).toEqual({ login_hint: '00u1@example.com' })
    expect(profile.ciba).toMatchObject({
      requestedExpiry: { parameter: 'request_expiry', min: 1, max: 300 },
      carriesAuthorizationDetails: false,
      reportsExpiryAsDenied: false,
    })
    expect(profile.ciba?.checkBindingMessage('Buy 50 € of "AAPL"')).toBeUndefined()
  })

  test('says at first use that it needs a way to the user name', () => {
    expect(() => okta(options).ciba?.hint(approver)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'okta.loginHint' }),
    )
    expect(() => okta({ ...options, loginHint: () => '' }).ciba?.hint(approver)).toThrow('okta.loginHint')
  })

  test('has one subject in access tokens and id_tokens', () => {
    expect(subjectOf(profile, { sub: 'ann@example.com', uid: '00u1' })).toBe('00u1')
    expect(subjectOf(profile, { sub: '00u1' })).toBe('00u1')
    const { token } = profile
    expect(token.clientId({ cid: '0oa1', azp: 'no' })).toBe('0oa1')
    expect(tokenScopes(token, { scp: ['a', 'b'], scope: 'no' })).toEqual(['a', 'b'])
    expect(token.isAgent?.({ sub: '0oa1', cid: '0oa1' })).toBe(true)
    expect(token.isAgent?.({ sub: '0oa1', cid: '0oa1', uid: '00u1' })).toBe(false)
    expect(token.requiredClaims).toContain('cid')
  })

  test.each([
    ['a URL for a domain', { domain: 'https://example.okta.com' }, 'okta.domain'],
    ['no authorization server', { authorizationServer: undefined }, 'okta.authorizationServer'],
    ['a path for an authorization server', { authorizationServer: 'oauth2/default' }, 'okta.authorizationServer'],
    ['a user name that is no function', { loginHint: 'ann' }, 'okta.loginHint'],
    ['an unknown option', { issuer: 'https://x' }, 'okta.issuer'],
  ])('refuses %s', (_name, wrong, option) => {
    expect(() => okta({ ...options, ...wrong } as never)).toThrow(expect.objectContaining({ option }))
  })
})

describe('keycloak', () => {
  const options = { url: 'https://id.example.com/auth', realm: 'my realm', clientId: 'c', clientSecret: 's' }
  const profile = keycloak(options)

  test('is a realm, and names APIs by their client', () => {
    expect(profile).toMatchObject({
      provider: 'keycloak',
      issuer: 'https://id.example.com/auth/realms/my%20realm',
      target: 'audience',
      exchange: { grant: 'token-exchange', carriesAuthorizationDetails: false },
    })
    expect(profile.ciba).toMatchObject({ carriesAuthorizationDetails: false, reportsExpiryAsDenied: false })
  })

  test.each(['', 'two words', 'x'.repeat(51), 'a,b', 'é'])('refuses the message %j', (message) => {
    expect(profile.ciba?.checkBindingMessage(message)).toContain('50')
  })

  test.each(['W4SCT', 'Buy-50-AAPL?', 'x'.repeat(50), 'a.b_c+d/e!f#g'])('takes the message %j', (message) => {
    expect(profile.ciba?.checkBindingMessage(message)).toBeUndefined()
  })

  test('says at first use that it needs a way to the user name', () => {
    expect(() => profile.ciba?.hint(approver)).toThrow(expect.objectContaining({ option: 'keycloak.loginHint' }))
    expect(keycloak({ ...options, loginHint: () => 'ann' }).ciba?.hint(approver)).toEqual({ login_hint: 'ann' })
  })

  test('tells its kinds of tokens apart by a claim', () => {
    const { token } = profile
    for (const typ of ['Bearer', 'DPoP']) expect(token.isAccessToken?.({ typ })).toBe(true)
    for (const typ of ['ID', 'Refresh', 'Offline', 'Logout', undefined])
      expect(token.isAccessToken?.({ typ })).toBe(false)
    expect(token.clientId({ azp: 'app' })).toBe('app')
    expect(token.isAgent?.({ sub: 'uuid', azp: 'app', preferred_username: 'service-account-app' })).toBe(true)
    expect(token.isAgent?.({ sub: 'uuid', azp: 'app', clientHost: '10.0.0.1' })).toBe(true)
    expect(token.isAgent?.({ sub: 'uuid', azp: 'app', client_id: 'app' })).toBe(false)
    expect(token.isAgent?.({ sub: 'uuid', azp: 'app', preferred_username: 'service-account-other' })).toBe(false)
  })

  test.each([
    ['a slash at the end', { url: 'https://id.example.com/' }, 'keycloak.url'],
    ['a realm in the address', { url: 'https://id.example.com/realms/x' }, 'keycloak.url'],
    ['plain http', { url: 'http://id.example.com' }, 'keycloak.url'],
    ['no realm', { realm: '' }, 'keycloak.realm'],
    ['an unknown option', { issuer: 'https://x' }, 'keycloak.issuer'],
  ])('refuses %s', (_name, wrong, option) => {
    expect(() => keycloak({ ...options, ...wrong } as never)).toThrow(expect.objectContaining({ option }))
  })

  test('may be on this machine, for tests', () => {
    const local = keycloak({ ...options, url: 'http://localhost:8080', [allowInsecureLoopback]: true })
    expect(local.issuer).toBe('http://localhost:8080/realms/my%20realm')
  })
})

describe('entra', async () => {
  const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee'
  const options = { tenantId, clientId: 'c', clientSecret: 's' }
  const profile = entra(options)
  const user = { ver: '2.0', oid: 'o-1', sub: 'pairwise', tid: tenantId, azp: 'app', scp: 'a b' }

  test('has on-behalf-of by scope, and no backchannel', () => {
    expect(profile).toMatchObject({
      provider: 'entra',
      issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      target: 'scope',
      ciba: undefined,
      exchange: { grant: 'jwt-bearer', loginRequiredErrors: ['invalid_grant', 'interaction_required'] },
      clientAuthentication: { method: 'client_secret_post' },
    })
  })

  test('knows a user by the id that all applications share', () => {
    const { token } = profile
    expect(subjectOf(profile, user)).toBe('o-1')
    expect(subjectOf(profile, { sub: 'pairwise' })).toBeUndefined()
    expect([token.clientId(user), token.tenant(user), tokenScopes(token, user)]).toEqual(['app', tenantId, ['a', 'b']])
  })

  test('tells apps, users and id_tokens apart', () => {
    const { token } = profile
    const app = { ver: '2.0', oid: 'sp', sub: 'sp', azp: 'app', roles: ['x'] }
    expect(token.isAgent?.(user)).toBe(false)
    expect(token.isAgent?.(app)).toBe(true)
    expect(token.isAgent?.({ ...user, idtyp: 'app' })).toBe(true)
    expect([user, app].map((claims) => token.isAccessToken?.(claims))).toEqual([true, true])
    const { scp: _scp, ...idToken } = user
    expect(token.isAccessToken?.(idToken)).toBe(false)
    expect(token.isAccessToken?.({ ...user, ver: '1.0' })).toBe(false)
  })

  test('signs with a certificate that it is known by', async () => {
    const { privateKey } = await generateKeyPair('PS256')
    const method = 'private_key_jwt' as const
    const authentication = { method, privateKey, certificateThumbprint: 'A'.repeat(43) } as never
    const { clientAuthentication } = entra({ tenantId, clientId: 'c', clientAuthentication: authentication })
    expect(clientAuthentication).toMatchObject({ algorithm: 'PS256', certificateThumbprint: 'A'.repeat(43) })
    const wrong = { method, privateKey, certificateThumbprint: 'AB:CD' } as never
    expect(() => entra({ tenantId, clientId: 'c', clientAuthentication: wrong })).toThrow('certificateThumbprint')
  })

  test.each([
    ['a domain for a tenant', { tenantId: 'example.com' }, 'entra.tenantId'],
    ['all tenants', { tenantId: 'common' }, 'entra.tenantId'],
    ['a tenant in capitals', { tenantId: tenantId.toUpperCase() }, 'entra.tenantId'],
    ['an unknown option', { issuer: 'https://x' }, 'entra.issuer'],
  ])('refuses %s', (_name, wrong, option) => {
    expect(() => entra({ ...options, ...wrong } as never)).toThrow(expect.objectContaining({ option }))
  })

  test('says at construction that it has no DPoP', async () => {
    const dpop = await generateDpopKey()
    expect(() => entra({ ...options, dpop } as never)).toThrow(expect.objectContaining({ option: 'entra.dpop' }))
    expect(() => entra({ ...options, actor: 'a' } as never)).toThrow(expect.objectContaining({ option: 'entra.actor' }))
  })
})

describe('spring', () => {
  const options = { issuer: 'https://auth.example.com', clientId: 'agent', clientSecret: 's' }
  const profile = spring(options)
  const own = { sub: 'ann', aud: 'agent', iat: 1, nbf: 1, jti: 'j', scope: ['a', 'b'] }

  test('names APIs by resource, exchanges access tokens, and has no backchannel', () => {
    expect(profile).toMatchObject({
      provider: 'spring',
      issuer: 'https://auth.example.com',
      target: 'resource',
      ciba: undefined,
      exchange: { grant: 'token-exchange', subjectTokens: ['access_token', 'jwt'] },
      clientAuthentication: { method: 'client_secret_basic' },
    })
  })

  test('reads a list of scopes, and a token without a type', () => {
    expect(tokenScopes(profile.token, own)).toEqual(['a', 'b'])
    expect(profile.token.accessTokenTypes).toContain('')
  })

  test('takes the lone audience for the client only where it is one of ours, and client_id before it', () => {
    const { clientId } = spring({ ...options, interactiveClients: ['web'] }).token
    expect(['agent', 'web', 'https://api.example.com/'].map((aud) => clientId({ ...own, aud }))).toEqual([
      'agent',
      'web',
      undefined,
    ])
    expect(clientId({ ...own, aud: ['agent'] })).toBe('agent')
    expect(clientId({ ...own, aud: ['agent', 'web'] })).toBeUndefined()
    expect(clientId({ ...own, aud: 'https://api.example.com/', client_id: 'other' })).toBe('other')
  })

  test('tells an access token from an id_token, and from a token of a client that it does not know', () => {
    const { isAccessToken } = profile.token
    const { nbf: _, ...withoutStart } = own
    expect(isAccessToken?.(own)).toBe(true)
    expect(isAccessToken?.({ ...own, azp: 'agent' })).toBe(false)
    expect(isAccessToken?.(withoutStart)).toBe(false)
    expect(isAccessToken?.({ ...own, aud: 'https://api.example.com/' })).toBe(false)
  })

  test.each([
    ['plain http', { issuer: 'http://auth.example.com' }, 'spring.issuer'],
    ['no client', { clientId: '' }, 'spring.clientId'],
    ['an unknown option', { ciba: {} }, 'spring.ciba'],
  ])('refuses %s', (_name, wrong, option) => {
    expect(() => spring({ ...options, ...wrong } as never)).toThrow(expect.objectContaining({ option }))
  })

  test('may be on this machine, for tests', () => {
    const local = spring({ ...options, issuer: 'http://127.0.0.1:9000', [allowInsecureLoopback]: true })
    expect(local).toMatchObject({ issuer: 'http://127.0.0.1:9000', [allowInsecureLoopback]: true })
  })
})
