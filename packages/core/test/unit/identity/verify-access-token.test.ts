import { inspect } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { fieldsOf, isVerified } from '../../../src/identity/verified.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { entra } from '../../../src/oauth/profiles/entra.ts'
import { keycloak } from '../../../src/oauth/profiles/keycloak.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, everythingShownBy, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const other = await mockIssuer('https://other.example.com')
const tenant = await mockIssuer('https://tenant.auth0.com/')
const realm = await mockIssuer('https://id.example.com/realms/r')
const entraTenant = await mockIssuer('https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0')
useMsw(...[as, other, tenant, realm, entraTenant].flatMap(({ handlers }) => handlers))
const profile = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const audience = accessTokenClaims.aud
const verify = (token: string, options: object = {}) =>
  verifyAccessToken(token, { authorizationServer: profile, audience, ...options })

beforeEach(() => {
  for (const { requests } of [as, other, tenant]) requests.length = 0
})

describe('a verified user', () => {
  test('has what the token says', async () => {
    const claims = {
      ...accessTokenClaims,
      act: { sub: 'agent:trader', iss: as.issuer, client_id: 'agt', sub_profile: 'ai_agent', act: { sub: 'app' } },
      acr: 'urn:mfa',
      auth_time: 1_700_000_000,
      sid: 'session-1',
    }
    const token = await as.sign(claims)
    const identity = await verify(token)
    const { claims: verified, ...rest } = fieldsOf(identity)
    expect(rest).toEqual({
      kind: 'user',
      issuer: as.issuer,
      subject: 'ann',
      clientId: 'agent-app',
      actor: {
        subject: 'agent:trader',
        issuer: as.issuer,
        clientId: 'agt',
        profile: 'ai_agent',
        actor: { subject: 'app' },
      },
      acr: 'urn:mfa',
      authTime: 1_700_000_000,
      sessionId: 'session-1',
      expiresAt: verified.exp,
    })
    expect(verified).toMatchObject({ scope: 'portfolio:read trade:write' })
  })

  test('is marked as verified, frozen, and holds its token in no field', async () => {
    const token = await as.sign(accessTokenClaims)
    const identity = await verify(token)
    expect(isVerified(identity)).toBe(true)
    expect(Object.isFrozen(identity) && Object.isFrozen(identity.claims)).toBe(true)
    const signature = token.split('.')[2] as string
    for (const shown of [JSON.stringify(identity), inspect(identity, { depth: 9, showHidden: true })]) {
      expect(shown).not.toContain(signature)
    }
    expect(subjectTokenOf(identity)).toMatchObject({
      token: expect.any(Token),
      type: 'access_token',
      scopes: ['portfolio:read', 'trade:write'],
      audience: [audience],
    })
  })

  test('is not what a copy of it is', async () => {
    const identity = await verify(await as.sign(accessTokenClaims))
    for (const copy of [
      fieldsOf(identity),
      structuredClone(identity),
      JSON.parse(JSON.stringify(identity)),
      Object.create(identity),
    ]) {
      expect(isVerified(copy)).toBe(false)
      expect(subjectTokenOf(copy)).toBeUndefined()
    }
  })
})

describe('the client itself', () => {
  test('is who a token stands for whose subject is its client (RFC 9068 §2.2)', async () => {
    const identity = await verify(await as.sign({ ...accessTokenClaims, sub: 'agent-app' }))
    expect(identity).toMatchObject({ kind: 'agent', clientId: 'agent-app' })
    expect('subject' in identity).toBe(false)
  })

  test('is told by Auth0 in its own way', async () => {
    const auth0Profile = auth0({ domain: 'tenant.auth0.com', clientId: 'c', algorithms: ['ES256'] })
    const claims = { aud: audience, sub: 'app@clients', azp: 'app', gty: 'client-credentials' }
    const identity = await verify(await tenant.sign(claims, { typ: 'JWT' }), { authorizationServer: auth0Profile })
    expect(identity).toMatchObject({ kind: 'agent', clientId: 'app' })
  })
})

describe('an Auth0 token', () => {
  const authorizationServer = auth0({ domain: 'tenant.auth0.com', clientId: 'c', algorithms: ['ES256'] })
  const claims = { aud: [audience, 'https://tenant.auth0.com/userinfo'], sub: 'auth0|1', azp: 'app', org_id: 'org_1' }

  test('verifies with the type JWT, and has the organisation as tenant', async () => {
    const identity = await verify(await tenant.sign(claims, { typ: 'JWT' }), { authorizationServer })
    expect(identity).toMatchObject({ kind: 'user', subject: 'auth0|1', clientId: 'app', tenant: 'org_1' })
  })

  test.each(['nonce', 'at_hash', 'c_hash', 's_hash'])('is refused with %s: it is an id_token', async (claim) => {
    const token = await tenant.sign({ ...claims, [claim]: 'x' }, { typ: 'JWT' })
    expect(await rejection(verify(token, { authorizationServer }))).toMatchObject({ reason: 'type' })
  })
})

describe('a Keycloak token', () => {
  const authorizationServer = keycloak({
    url: 'https://id.example.com',
    realm: 'r',
    clientId: 'c',
    algorithms: ['ES256'],
  })
  const claims = { aud: audience, sub: 'u-1', azp: 'app', jti: 'j' }

  test('is an access token by its claim, and nothing else by the same header', async () => {
    const sign = (typ: string | undefined) => realm.sign({ ...claims, typ }, { typ: 'JWT' })
    expect(await verify(await sign('Bearer'), { authorizationServer })).toMatchObject({
      subject: 'u-1',
      clientId: 'app',
    })
    for (const typ of ['ID', 'Refresh', 'Offline']) {
      expect(await rejection(verify(await sign(typ), { authorizationServer }))).toMatchObject({ reason: 'type' })
    }
  })
})

describe('an Entra token', () => {
  const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee'
  const authorizationServer = entra({ tenantId, clientId: 'c', algorithms: ['ES256'] })
  const claims = { aud: audience, sub: 'pairwise', oid: 'o-1', tid: tenantId, azp: 'app', ver: '2.0', scp: 'a b' }
  const sign = (changes: object = {}) => entraTenant.sign({ ...claims, ...changes }, { typ: 'JWT' })

  test('names its user by oid, and its tenant', async () => {
    const identity = await verify(await sign(), { authorizationServer })
    expect(identity).toMatchObject({ kind: 'user', subject: 'o-1', tenant: tenantId, clientId: 'app' })
    expect(subjectTokenOf(identity)).toMatchObject({ scopes: ['a', 'b'] })
  })

  test.each([
    ['an id_token', { scp: undefined, azp: undefined }, 'type'],
    ['of version 1', { ver: '1.0' }, 'type'],
    ['without oid', { oid: undefined }, 'claims'],
  ])('is refused: %s', async (_name, changes, reason) => {
    expect(await rejection(verify(await sign(changes), { authorizationServer }))).toMatchObject({ reason })
  })
})

describe('a token is refused', () => {
  const chain = (length: number): object =>
    length === 1 ? { sub: 'a1' } : { sub: `a${length}`, act: chain(length - 1) }

  /** A claim that is no more than brackets. */
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

  test.each([
    ['an id_token as access token', { ...accessTokenClaims, aud: 'agent-app', nonce: 'n' }, { typ: 'JWT' }, 'type'],
    ['an id_token without a type', accessTokenClaims, { typ: undefined } as never, 'type'],
    ['a logout token', accessTokenClaims, { typ: 'logout+jwt' }, 'type'],
    ['no subject', { ...accessTokenClaims, sub: undefined }, {}, 'claims'],
    ['an empty subject', { ...accessTokenClaims, sub: '' }, {}, 'subject'],
    ['a subject that is no text', { ...accessTokenClaims, sub: 7 }, {}, 'subject'],
    ['no client', { ...accessTokenClaims, client_id: undefined }, {}, 'claims'],
    ['a client that is no text', { ...accessTokenClaims, client_id: ['a'] }, {}, 'claims'],
    ['no jti', { ...accessTokenClaims, jti: undefined }, {}, 'claims'],
    ['no iat', { ...accessTokenClaims, iat: undefined }, {}, 'claims'],
    ['a login time that is no number', { ...accessTokenClaims, auth_time: 'now' }, {}, 'claims'],
    ['an acr that is no text', { ...accessTokenClaims, acr: 2 }, {}, 'claims'],
    ['an actor that is a text', { ...accessTokenClaims, act: 'agent' }, {}, 'actor'],
    ['an actor without a name', { ...accessTokenClaims, act: { client_id: 'x' } }, {}, 'actor'],
    ['a nameless actor within another', { ...accessTokenClaims, act: { sub: 'a', act: {} } }, {}, 'actor'],
    ['null as an actor', { ...accessTokenClaims, act: null }, {}, 'actor'],
    ['a chain of six actors', { ...accessTokenClaims, act: chain(6) }, {}, 'actor'],
    ['a chain of three hundred', { ...accessTokenClaims, act: chain(300) }, {}, 'actor'],
    [
      'claims nested so deep that walking them could exhaust the stack',
      { ...accessTokenClaims, x: nested(100) },
      {},
      'claims',
    ],
    ['bound to a DPoP key', { ...accessTokenClaims, cnf: { jkt: 'x' } }, {}, 'binding'],
    ['bound to a certificate', { ...accessTokenClaims, cnf: { 'x5t#S256': 'x' } }, {}, 'binding'],
  ])('%s', async (_name, claims, header, reason) => {
    const error = await rejection(verify(await as.sign(claims as never, header)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
  })

  test('but not for a chain of five actors, and claims of some depth', async () => {
    await expect(verify(await as.sign({ ...accessTokenClaims, act: chain(5) }))).resolves.toBeDefined()
    await expect(verify(await as.sign({ ...accessTokenClaims, x: nested(50) }))).resolves.toBeDefined()
  })
})

describe('an unknown issuer', () => {
  test.each([
    ['one profile', profile],
    ['a function', (issuer: string) => (issuer === as.issuer ? profile : undefined)],
  ])('is refused before any request, with %s', async (_name, authorizationServer) => {
    const error = await rejection(verify(await other.sign(accessTokenClaims), { authorizationServer }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'issuer' })
    expect([...as.requests, ...other.requests]).toEqual([])
  })

  test('cannot borrow the profile of a known one', async () => {
    const error = await rejection(verify(await other.sign(accessTokenClaims), { authorizationServer: () => profile }))
    expect(error).toMatchObject({ reason: 'issuer' })
    expect([...as.requests, ...other.requests]).toEqual([])
  })

  test.each([[['https://as.example.com']], [42], [{}], [null]])('is what %j is', async (iss) => {
    const error = await rejection(verify(await as.sign({ ...accessTokenClaims, iss: iss as never })))
    expect(error).toMatchObject({ reason: 'issuer' })
  })

  test('cannot put its own text into the message as it is', async () => {
    const iss = `x"\n[INFO] all is well ${'y'.repeat(5000)}`
    const error = await rejection(verify(await as.sign({ ...accessTokenClaims, iss })))
    expect(everythingShownBy(error)).not.toContain('\n[INFO]')
    expect((error as Error).message.length).toBeLessThan(400)
  })
})

describe('several issuers at once', () => {
  test('each speak for their own subjects only', async () => {
    const profiles = [as, other].map(({ issuer }) => oidc({ issuer, clientId: 'agent-app' }))
    const authorizationServer = (issuer: string) => profiles.find((each) => each.issuer === issuer)
    const identities = await Promise.all(
      [as, other].map(async (each) => verify(await each.sign(accessTokenClaims), { authorizationServer })),
    )
    expect(identities.map(({ issuer }) => issuer)).toEqual([as.issuer, other.issuer])
    // The same subject, signed by the one and said to be of the other.
    const forged = await other.sign({ ...accessTokenClaims, iss: as.issuer }, { kid: as.kid })
    expect(await rejection(verify(forged, { authorizationServer }))).toMatchObject({ reason: 'signature' })
  })
})

describe('the options', () => {
  test.each([
    ['an unknown one', { audiences: 'x' }, 'verifyAccessToken.audiences'],
    ['no audience', { audience: undefined }, 'verifyAccessToken.audience'],
    ['an empty audience', { audience: '' }, 'verifyAccessToken.audience'],
    ['an empty list of audiences', { audience: [] }, 'verifyAccessToken.audience'],
    ['no authorization server', { authorizationServer: undefined }, 'verifyAccessToken.authorizationServer'],
  ])('are refused: %s', async (_name, options, option) => {
    expect(await rejection(verify('x', options))).toMatchObject({ code: 'ERR_CONFIGURATION', option })
  })

  test('let a signal end the verification', async () => {
    const signal = AbortSignal.abort(new Error('over'))
    await expect(verify(await as.sign(accessTokenClaims), { signal })).rejects.toThrow('over')
  })
})
