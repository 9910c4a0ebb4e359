import { verifies } from '@behalf/testing/requirements'
import { exportJWK, generateKeyPair } from 'jose'
import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { type ReceivedTokens, surroundingsOf } from '../../../src/oauth/server.ts'
import { backchannel, defaultProfile } from '../ciba/backchannel.ts'
import { mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const server = useMsw(...as.handlers)
const profile = oidc({ issuer: as.issuer, clientId: 'app', clientSecret: 'a-secret', algorithms: ['ES256'] })

/** Sends a refresh grant that is answered with `body`, and says which tokens were heard of. */
async function refresh(body: BodyInit | object, init: ResponseInit = {}) {
  const answer = typeof body === 'string' ? new HttpResponse(body, init) : HttpResponse.json(body as never, init)
  server.use(http.post(`${as.issuer}/token`, () => answer, { once: true }))
  const heard: ReceivedTokens[] = []
  const connected = connectAuthorizationServer(profile, surroundingsOf('test', {}))
  const onTokens = (tokens: ReceivedTokens) => heard.push(tokens)
  const granted = connected.grant('refresh_token', { refresh_token: 'r-1' }, { onTokens })
  return { heard, granted }
}
const ofAnother = await as.sign({ iss: 'https://evil.example.com', aud: 'app' })
const tokens = { access_token: 'a-2', token_type: 'Bearer', refresh_token: 'r-2' }

describe('the id_token of a token response is verified by the profile alone', () => {
  const ps256 = async (algorithms: string[], metadata: string[] | undefined) => {
    const target = await backchannel((issuer) => ({ ...defaultProfile(issuer), algorithms }))
    server.use(...target.handlers)
    target.issuer.metadata.id_token_signing_alg_values_supported = metadata
    const other = await generateKeyPair('PS256')
    target.issuer.keys.push({ ...(await exportJWK(other.publicKey)), kid: 'ps', alg: 'PS256', use: 'sig' })
    const idToken = await target.idToken({}, other.privateKey, { alg: 'PS256', kid: 'ps' })
    target.answer(await target.success({ id_token: idToken }))
    return target.look()
  }

  test.each([undefined, ['RS256'], ['PS256']])(
    'accepts PS256 where the profile lists it and the metadata says %j',
    async (metadata) => {
      expect(await ps256(['ES256', 'PS256'], metadata)).toMatchObject({ status: 'approved' })
    },
  )

  verifies('OIDC-CORE-3.1.3.7-alg', 'refuses PS256 where the metadata lists it and the profile does not', async () => {
    const detail = expect.stringContaining('algorithm')
    expect(await ps256(['ES256'], ['PS256', 'ES256'])).toMatchObject({ status: 'failed', detail })
  })
})

describe('the tokens of a response are heard of before anything in it is checked', () => {
  test.each([
    ['an id_token that is no JWT', { id_token: 'none' }],
    ['an id_token of another issuer', { id_token: ofAnother }],
  ])('a response with %s is returned, unverified', async (_, over) => {
    const { heard, granted } = await refresh({ ...tokens, ...over })
    expect(await granted).toMatchObject({ accessToken: 'a-2', refreshToken: 'r-2', idToken: over.id_token })
    expect(heard).toEqual([{ accessToken: 'a-2', refreshToken: 'r-2' }])
  })

  test.each([
    ['an id_token that is no text', { id_token: 7 }],
    ['a token type that is not understood', { token_type: 'mac' }],
    ['no access token', { access_token: undefined }],
    ['a scope that is no text', { scope: 7 }],
    ['a key that we do not have', { token_type: 'DPoP' }],
  ])('a response with %s is refused, and its refresh token is heard of', async (_, over) => {
    const { heard, granted } = await refresh({ ...tokens, ...over })
    expect(await rejection(granted)).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(heard).toMatchObject([{ refreshToken: 'r-2' }])
  })

  test.each<[string, BodyInit | object, ResponseInit]>([
    ['no JSON', '<html>', {}],
    ['a list', [tokens], {}],
    ['null', 'null', {}],
    ['an empty refresh token', { refresh_token: '' }, {}],
    ['another status', tokens, { status: 400 }],
  ])('a response with %s brings none', async (_, body, init) => {
    const { heard, granted } = await refresh(body, init)
    expect(await rejection(granted)).toMatchObject({ name: expect.any(String) })
    expect(heard).toEqual([])
  })
})
