import { describe, expect, test } from 'vitest'
import { verifyIdToken, verifyTokenResponse } from '../../../src/entrypoints/identity.ts'
import { keycloak } from '../../../src/entrypoints/providers.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'

const clock = testClock()
const issuer = await mockIssuer('https://issuer.example', () => clock.now())
useMsw(...issuer.handlers)
/** A provider whose tokens are all of the type `JWT`. */
const authorizationServer = {
  ...keycloak({
    url: 'https://kc.example',
    realm: 'r',
    clientId: 'agent-app',
    clientSecret: 's',
    algorithms: ['ES256'],
  }),
  issuer: issuer.issuer,
}
const options = { authorizationServer, clock }
const logout = { 'http://schemas.openid.net/event/backchannel-logout': {} }
const signed = (claims: object) =>
  issuer.sign({ sub: 'ann', aud: 'agent-app', azp: 'agent-app', jti: 'j-1', ...claims }, { typ: 'JWT' })

describe('a token of the same type and audience is no id_token', () => {
  test.each([
    ['an access token', { typ: 'Bearer' }],
    ['an access token that is bound', { typ: 'DPoP' }],
    ['the note of a logout', { sid: 's-1', events: logout }],
  ])('%s', async (_, claims) => {
    const token = await signed(claims)
    const refusal = { code: 'ERR_INVALID_TOKEN', reason: 'type' }
    await expect(verifyIdToken(token, options)).rejects.toMatchObject(refusal)
    const response = { access_token: 'opaque', token_type: 'Bearer', id_token: token }
    await expect(verifyTokenResponse(response, options)).rejects.toMatchObject(refusal)
  })

  test('one that says that it is one is taken', async () => {
    expect(await verifyIdToken(await signed({ typ: 'ID' }), options)).toMatchObject({ subject: 'ann' })
  })
})
