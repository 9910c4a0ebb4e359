import { verifies } from '@behalf/testing/requirements'
import { type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { verifyAccessToken } from '../../src/identity/verify-access-token.ts'
import { accessTokenHash, verifyIdToken } from '../../src/identity/verify-id-token.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../unit/oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const other = await mockIssuer('https://other.example.com')
useMsw(...as.handlers, ...other.handlers)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const audience = accessTokenClaims.aud
const now = () => Math.floor(Date.now() / 1000)

const access = (token: string) => verifyAccessToken(token, { authorizationServer, audience })
const signed = (claims: object = {}, header: Partial<JWTHeaderParameters> = {}) =>
  as.sign({ ...accessTokenClaims, ...claims }, header)
const refused = async (token: string | Promise<string>) => rejection(access(await token))
const because = (reason: string) => ({ code: 'ERR_INVALID_TOKEN', reason })

const login = (claims: object = {}) => as.sign({ sub: 'ann', aud: 'agent-app', ...claims }, { typ: 'JWT' })
const loginRefused = async (token: string | Promise<string>, options: object = {}) =>
  rejection(verifyIdToken(await token, { authorizationServer, ...options }))

describe('JWT', () => {
  verifies('RFC7515-4.1.11-crit', 'an unknown extension', async () => {
    const token = await new SignJWT({ ...accessTokenClaims, iss: as.issuer, exp: now() + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: as.kid, typ: 'at+jwt', crit: ['exp'], exp: now() })
      .sign(as.pair.privateKey, { crit: { exp: true } })
    expect(await refused(token)).toMatchObject(because('malformed'))
  })

  verifies('RFC7515-4.1.4-kid', 'nothing else stands for the one key of the issuer', async () => {
    for (const kid of [[as.kid], { kid: as.kid }, 7, null, true]) {
      expect(await refused(signed({}, { kid } as never))).toMatchObject(because('malformed'))
    }
  })

  verifies('RFC7515-2-base64url', 'in any of its parts', async () => {
    const [header, payload, signature] = (await signed()).split('.')
    for (const extra of ['=', '\n', ' ', '+', '/']) {
      expect(await refused(`${header}${extra}.${payload}.${signature}`)).toMatchObject(because('malformed'))
      expect(await refused(`${header}.${payload}${extra}.${signature}`)).toMatchObject(because('malformed'))
      expect(await refused(`${header}.${payload}.${signature}${extra}`)).toMatchObject(because('malformed'))
    }
  })

  verifies('RFC7797-7-b64', 'whatever it says', async () => {
    const token = await new SignJWT({ ...accessTokenClaims, iss: as.issuer, exp: now() + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: as.kid, typ: 'at+jwt', crit: ['b64'], b64: true })
      .sign(as.pair.privateKey)
    expect(await refused(token)).toMatchObject(because('malformed'))
  })

  verifies('RFC7515-5.2-signature', 'one character is enough', async () => {
    const token = await signed()
    const changed = token.replace(/\.(.)([^.]*)$/, (_all, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}`)
    expect(await refused(changed)).toMatchObject(because('signature'))
  })

  verifies('RFC7519-4.1.3-aud', 'nor one that contains our name', async () => {
    for (const aud of ['https://other.example.com', `${audience}/`, [`${audience}.evil.com`]]) {
      expect(await refused(signed({ aud }))).toMatchObject(because('audience'))
    }
  })

  verifies('RFC7519-4.1.4-exp', 'with 30 s of leeway', async () => {
    expect(await refused(signed({ exp: now() - 31 }))).toMatchObject(because('expired'))
    await expect(access(await signed({ exp: now() - 20 }))).resolves.toBeDefined()
  })

  verifies('RFC7519-4.1.5-nbf', 'with 30 s of leeway', async () => {
    expect(await refused(signed({ nbf: now() + 40 }))).toMatchObject(because('not_yet_valid'))
    await expect(access(await signed({ nbf: now() + 20 }))).resolves.toBeDefined()
  })

  verifies('RFC8725-3.1-algorithms', 'the right key with an algorithm that was not named', async () => {
    const strict = oidc({ issuer: as.issuer, clientId: 'agent-app', algorithms: ['PS256'] })
    const error = await rejection(verifyAccessToken(await signed(), { authorizationServer: strict, audience }))
    expect(error).toMatchObject(because('algorithm'))
  })

  verifies('RFC8725-3.2-none', 'in the token or in the options', async () => {
    const claims = { ...accessTokenClaims, iss: as.issuer, exp: now() + 60 }
    expect(await refused(new UnsecuredJWT(claims).encode())).toMatchObject(because('algorithm'))
    expect(() => oidc({ issuer: as.issuer, clientId: 'c', algorithms: ['none'] })).toThrow(
      'give an asymmetric signature algorithm',
    )
  })

  verifies('RFC8725-3.8-issuer', 'a known issuer cannot sign for another', async () => {
    const profiles = [as, other].map(({ issuer }) => oidc({ issuer, clientId: 'agent-app' }))
    const many = (issuer: string) => profiles.find((each) => each.issuer === issuer)
    const token = await other.sign({ ...accessTokenClaims, iss: as.issuer })
    const error = await rejection(verifyAccessToken(token, { authorizationServer: many, audience }))
    expect(error).toMatchObject(because('unknown_key'))
  })

  verifies('RFC8725-3.10-claims', 'no key comes from where the token says', async () => {
    const jku = { jku: 'https://other.example.com/jwks', x5u: 'https://other.example.com/x' }
    other.requests.length = 0
    const token = await other.sign({ ...accessTokenClaims, iss: as.issuer }, { ...jku, kid: other.kid })
    expect(await refused(token)).toMatchObject(because('unknown_key'))
    expect(other.requests).toEqual([])
  })

  verifies(['RFC8725-3.12-kinds', 'I7'], 'an id_token is no access token, and the other way round', async () => {
    expect(await refused(login({ aud: audience }))).toMatchObject(because('type'))
    expect(await loginRefused(signed({ aud: 'agent-app' }))).toMatchObject(because('type'))
  })
})

describe('RFC 9068', () => {
  verifies('RFC8725-3.12-kinds', 'where the type of both is JWT, by what only one of them has', async () => {
    const token = { accessTokenTypes: ['jwt'] }
    expect(() =>
      oidc({ issuer: as.issuer, clientId: 'agent-app', token: { ...token, requiredClaims: ['sub'] } }),
    ).toThrow('isAccessToken')
    const lax = oidc({ issuer: as.issuer, clientId: 'agent-app', token })
    const claims = { sub: 'ann', aud: 'agent-app', client_id: 'agent-app', jti: 'j' }
    for (const more of [{ nonce: 'n' }, { at_hash: 'h' }, { auth_time: now() }]) {
      const idToken = await as.sign({ ...claims, ...more }, { typ: 'JWT' })
      const options = { authorizationServer: lax, audience: 'agent-app' }
      expect(await rejection(verifyAccessToken(idToken, options))).toMatchObject(because('type'))
    }
  })

  verifies('RFC9068-2.2-required', 'without any one of them there is no identity', async () => {
    for (const claim of ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti']) {
      expect(await refused(signed({ [claim]: undefined })), claim).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    }
  })

  verifies('RFC9068-2.2-client-subject', 'an agent, and no subject', async () => {
    const identity = await access(await signed({ sub: 'agent-app' }))
    expect(identity).toMatchObject({ kind: 'agent', clientId: 'agent-app' })
  })

  verifies('RFC9068-4-typ', 'in both spellings, and in no other', async () => {
    for (const typ of ['at+jwt', 'application/at+jwt'])
      await expect(access(await signed({}, { typ }))).resolves.toBeDefined()
    for (const typ of ['JWT', 'jwt', 'at-jwt', 'logout+jwt', '']) {
      expect(await refused(signed({}, { typ }))).toMatchObject(because('type'))
    }
  })

  verifies('RFC9068-4-iss', 'no normalisation', async () => {
    for (const iss of ['https://as.example.com/', 'https://AS.example.com', 'http://as.example.com']) {
      expect(await refused(signed({ iss }))).toMatchObject(because('issuer'))
    }
  })

  verifies('RFC9068-4-aud', 'one of several is enough', async () => {
    expect(await refused(signed({ aud: ['https://other.example.com'] }))).toMatchObject(because('audience'))
    await expect(access(await signed({ aud: ['https://other.example.com', audience] }))).resolves.toBeDefined()
  })

  verifies('RFC9068-4-signature', 'under our kid', async () => {
    const token = await as.sign(accessTokenClaims, {}, other.pair.privateKey)
    expect(await refused(token)).toMatchObject(because('signature'))
  })

  verifies('RFC9068-4-exp', 'after the leeway', async () => {
    expect(await refused(signed({ exp: now() - 60 }))).toMatchObject(because('expired'))
  })
})

describe('OpenID Connect Core', () => {
  verifies('OIDC-CORE-2-required', 'a login without any one of them is refused', async () => {
    for (const claim of ['iss', 'sub', 'aud', 'exp', 'iat']) {
      expect(await loginRefused(login({ [claim]: undefined })), claim).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    }
  })

  verifies('OIDC-CORE-3.1.3.7-iss', 'exactly', async () => {
    expect(await loginRefused(login({ iss: 'https://as.example.com/' }))).toMatchObject(because('issuer'))
  })

  verifies('OIDC-CORE-3.1.3.7-aud', 'ours, and no stranger', async () => {
    expect(await loginRefused(login({ aud: 'other' }))).toMatchObject(because('audience'))
    const both = login({ aud: ['agent-app', 'other'], azp: 'agent-app' })
    expect(await loginRefused(both)).toMatchObject(because('audience'))
  })

  verifies('OIDC-CORE-3.1.3.7-azp', 'another authorised party', async () => {
    expect(await loginRefused(login({ azp: 'other' }))).toMatchObject(because('audience'))
    const both = login({ aud: ['agent-app', 'other'] })
    expect(await loginRefused(both, { trustedAudiences: ['other'] })).toMatchObject(because('audience'))
  })

  verifies('OIDC-CORE-3.1.3.7-signature', 'of the issuer', async () => {
    const token = await as.sign({ sub: 'ann', aud: 'agent-app' }, { typ: 'JWT' }, other.pair.privateKey)
    expect(await loginRefused(token)).toMatchObject(because('signature'))
  })

  verifies('OIDC-CORE-3.1.3.7-exp', 'an old login', async () => {
    expect(await loginRefused(login({ exp: now() - 60 }))).toMatchObject(because('expired'))
  })

  verifies('OIDC-CORE-3.1.3.7-nonce', 'missing or other', async () => {
    for (const claims of [{}, { nonce: 'other' }]) {
      expect(await loginRefused(login(claims), { nonce: 'mine' })).toMatchObject(because('claims'))
    }
  })

  verifies('OIDC-CORE-3.1.3.8-at_hash', "CIBA Core's example, and another token", async () => {
    const token = login({ at_hash: 'Wt0kVFXMacqvnHeyU0001w' })
    const accessToken = 'G5kXH2wHvUra0sHlDy1iTkDJgsgUO1bN'
    await expect(verifyIdToken(await token, { authorizationServer, accessToken })).resolves.toBeDefined()
    expect(await loginRefused(token, { accessToken: 'other' })).toMatchObject(because('binding'))
  })
})

describe('RFC 7800', () => {
  const boundTo = { thumbprint: 'ours' } as never
  const own = async (cnf: object) =>
    verifyAccessToken(await signed({ cnf }), { authorizationServer, audience, boundTo })

  verifies('RFC7800-3.1-unknown', 'a note of the server beside the thumbprint', async () => {
    await expect(own({ jkt: 'ours', 'kc-jkt-type': 'DPoP' })).resolves.toMatchObject({ subject: 'ann' })
  })

  verifies('RFC7800-3.1-unchecked', 'beside the thumbprint, or instead of it', async () => {
    for (const cnf of [{ jkt: 'ours', jwk: {} }, { 'x5t#S256': 'x' }, { 'kc-jkt-type': 'DPoP' }, {}]) {
      expect(await rejection(own(cnf)), JSON.stringify(cnf)).toMatchObject(because('binding'))
    }
  })
})

describe('examples of the specifications', () => {
  test('RFC 8693 §4.1: a chain of two services, of which the outermost acts', async () => {
    const act = { sub: 'https://service16.example.com', act: { sub: 'https://service77.example.com' } }
    const identity = await access(await signed({ sub: 'user@example.com', act }))
    expect(identity).toMatchObject({
      subject: 'user@example.com',
      actor: { subject: 'https://service16.example.com', actor: { subject: 'https://service77.example.com' } },
    })
  })

  test('RFC 8693 §4.1: an administrator acts', async () => {
    const identity = await access(await signed({ act: { sub: 'admin@example.com' } }))
    expect(identity).toMatchObject({ actor: { subject: 'admin@example.com' } })
  })

  test.each([
    ['at_hash', 'G5kXH2wHvUra0sHlDy1iTkDJgsgUO1bN', 'Wt0kVFXMacqvnHeyU0001w'],
    ['rt_hash', '4bwc0ESC_IAhflf-ACC_vjD_ltc11ne-8gFPfA2Kx16', 'sHahCuSpXCRg5mkDDvvr4w'],
  ])('CIBA Core §10.3.1: %s', async (_claim, token, hash) => {
    expect(await accessTokenHash(token, 'ES256')).toBe(hash)
    const options = { authorizationServer, accessToken: token }
    await expect(verifyIdToken(await login({ at_hash: hash }), options)).resolves.toMatchObject({ subject: 'ann' })
    expect(await loginRefused(login({ at_hash: hash }), { accessToken: `${token}x` })).toMatchObject({
      reason: 'binding',
    })
  })
})
