import { describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { verifyRequest } from '../../../src/identity/verify-request.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const audience = accessTokenClaims.aud
const key = await generateDpopKey()
const token = await as.sign(accessTokenClaims)
const bound = await as.sign({ ...accessTokenClaims, cnf: { jkt: key.thumbprint } })

const verify = (authorization: string | undefined, options: object = {}) => {
  const headers = authorization === undefined ? {} : { authorization }
  return verifyRequest(new Request('https://agent.example.com/chat?access_token=x', { headers }), {
    authorizationServer,
    audience,
    ...options,
  })
}

describe('a request', () => {
  test.each([['Bearer'], ['bearer'], ['BEARER ']])('with the scheme %s says who sends it', async (scheme) => {
    const identity = await verify(`${scheme} ${token}`)
    expect(identity).toMatchObject({ kind: 'user', subject: 'ann' })
    expect(isVerified(identity)).toBe(true)
  })

  test.each([undefined, '', 'Basic YTpi', 'Negotiate x', 'BearerToken x'])('with %j says nothing', async (header) => {
    expect(await verify(header)).toBeUndefined()
  })

  test.each(['Bearer', 'Bearer a b', 'Bearer a, Bearer b', 'DPoP', 'Bearer é'])(
    'with %j is malformed',
    async (header) => {
      expect(await rejection(verify(header))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'malformed' })
    },
  )

  test('is verified as any token is', async () => {
    const other = await as.sign({ ...accessTokenClaims, aud: 'https://other.example.com' })
    expect(await rejection(verify(`Bearer ${other}`))).toMatchObject({ reason: 'audience' })
  })
})

describe('a bound token', () => {
  const proveKey = async () => key.thumbprint

  test('is taken with the proof of its key', async () => {
    const seen: unknown[] = []
    const identity = await verify(`DPoP ${bound}`, {
      proveKey: async (request: Request, text: string) => {
        seen.push(request.url, text)
        return key.thumbprint
      },
    })
    expect(identity).toMatchObject({ subject: 'ann' })
    expect(seen).toEqual(['https://agent.example.com/chat?access_token=x', bound])
    expect(identity && subjectTokenOf(identity)).toMatchObject({ keyThumbprint: key.thumbprint })
  })

  test.each([
    ['as Bearer', `Bearer ${bound}`, { proveKey }],
    ['where proofs are not checked', `DPoP ${bound}`, {}],
    ['where proofs are not checked, and it is bound to nothing', `DPoP ${token}`, {}],
    ['with another key', `DPoP ${bound}`, { proveKey: async () => 'another' }],
    ['with a proof that says nothing', `DPoP ${bound}`, { proveKey: async () => undefined }],
    ['that is not bound at all', `DPoP ${token}`, { proveKey }],
  ])('is refused %s', async (_name, header, options) => {
    expect(await rejection(verify(header, options))).toMatchObject({ reason: 'binding' })
  })

  test('whose proof does not hold is refused with what the check threw', async () => {
    const error = new Error('no')
    expect(await rejection(verify(`DPoP ${bound}`, { proveKey: async () => Promise.reject(error) }))).toBe(error)
  })

  test('is accepted only if we hold its key', async () => {
    const options = { authorizationServer, audience, boundTo: key }
    expect(await verifyAccessToken(bound, options)).toMatchObject({ subject: 'ann' })
    expect(await verifyAccessToken(token, options)).toMatchObject({ subject: 'ann' })
    const foreign = await as.sign({ ...accessTokenClaims, cnf: { jkt: 'another' } })
    const certified = await as.sign({ ...accessTokenClaims, cnf: { jkt: key.thumbprint, 'x5t#S256': 'x' } })
    for (const refused of [foreign, certified]) {
      expect(await rejection(verifyAccessToken(refused, options))).toMatchObject({ reason: 'binding' })
    }
  })
})

test('the token stays behind the identity', async () => {
  const identity = await verify(`Bearer ${token}`)
  if (identity === undefined) throw new Error('verified above')
  const subjectToken = subjectTokenOf(identity)
  expect(subjectToken && revealToken(subjectToken.token)).toBe(token)
})

test('a misspelt option is refused', async () => {
  expect(await rejection(verify(`Bearer ${token}`, { proofKey: 1 }))).toMatchObject({
    option: 'verifyRequest.proofKey',
  })
})
