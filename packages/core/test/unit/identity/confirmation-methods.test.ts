import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { verifyRequest } from '../../../src/identity/verify-request.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const dpop = await generateDpopKey()
let answer: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(answer)),
)
beforeEach(() => {
  answer = {}
})
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', clientSecret: 's', dpop })
const audience = accessTokenClaims.aud
const jkt = dpop.thumbprint
const bound = (cnf: unknown) => as.sign({ ...accessTokenClaims, cnf: cnf as never })
const present = async (scheme: string, cnf: unknown) =>
  verifyRequest(
    new Request('https://api.example.com/', { headers: { authorization: `${scheme} ${await bound(cnf)}` } }),
    { authorizationServer, audience, proveKey: async () => jkt },
  )

describe('a token with `kc-jkt-type` beside its thumbprint, as Keycloak 26.7 writes it,', () => {
  const cnf = { jkt, 'kc-jkt-type': 'DPoP' }

  test(verifies('I8', 'is taken with the proof of its key, and refused without'), async () => {
    expect(await present('DPoP', cnf)).toMatchObject({ subject: 'ann' })
    expect(await rejection(present('Bearer', cnf))).toMatchObject({
      reason: 'binding',
      message: expect.stringContaining('was not proved'),
    })
  })

  test('is taken by the holder of its key', async () => {
    const token = await bound(cnf)
    expect(await verifyAccessToken(token, { authorizationServer, audience, boundTo: dpop })).toMatchObject({
      subject: 'ann',
    })
  })

  test('is taken where it was issued to the agent itself', async () => {
    const own = { sub: 'agent-app', client_id: 'agent-app', aud: audience, jti: 'j', cnf }
    answer = { access_token: await as.sign(own), token_type: 'DPoP' }
    const identity = await requestAgentIdentity({ authorizationServer, resource: audience })
    expect(subjectTokenOf(identity)).toMatchObject({ keyThumbprint: jkt })
  })

  test('is refused where the thumbprint is that of another key', async () => {
    expect(await rejection(present('DPoP', { ...cnf, jkt: 'another' }))).toMatchObject({
      reason: 'binding',
      message: expect.stringContaining('another key'),
    })
  })
})

describe.each(['x5t#S256', 'jwk', 'jwe', 'kid', 'jku', 'osc'])('a token that is bound by %s', (method) => {
  test.each([
    ['alone, without a proof', 'Bearer', {}],
    ['alone, with the proof of a key', 'DPoP', {}],
    ['beside the key that is proved', 'DPoP', { jkt }],
  ])(verifies('I8', '%s is refused, and the message says by what it is bound'), async (_, scheme, more) => {
    expect(await rejection(present(scheme, { ...more, [method]: 'x' }))).toMatchObject({
      reason: 'binding',
      message: expect.stringContaining(`bound by ${method}`),
    })
  })
})

test.each([[{}], [{ 'kc-jkt-type': 'DPoP' }], [null], ['text'], [{ jkt: 7 }]])(
  'a token whose cnf claim is %j is bound, and to no key that can be proved',
  async (cnf) => {
    for (const scheme of ['Bearer', 'DPoP']) {
      expect(await rejection(present(scheme, cnf))).toMatchObject({ reason: 'binding' })
    }
  },
)
