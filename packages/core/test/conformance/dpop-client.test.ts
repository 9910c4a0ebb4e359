import { verifies } from '@behalf/testing/requirements'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../src/credential/index.ts'
import { verifyAccessToken } from '../../src/identity/verify-access-token.ts'
import { generateDpopKey, importDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../unit/oauth/mock-issuer.ts'

const issuer = 'https://as.example.com'
const other = 'https://backchannel.example.net'
const as = await mockIssuer(issuer)
as.metadata.backchannel_authentication_endpoint = `${other}/bc`
const key = await generateDpopKey()

let proofs: string[] = []
let nonces: Record<string, string> = {}
let answer: Record<string, unknown> = {}
const handle = async ({ request }: { request: Request }) => {
  const proof = request.headers.get('dpop') ?? ''
  proofs.push(proof)
  const nonce = nonces[new URL(request.url).origin]
  if (nonce !== undefined && decodeJwt(proof).nonce !== nonce) {
    return HttpResponse.json({ error: 'use_dpop_nonce' }, { status: 400, headers: { 'dpop-nonce': nonce } })
  }
  return HttpResponse.json(answer, { headers: { 'dpop-nonce': 'from-a-good-answer' } })
}
useMsw(...as.handlers, http.post(`${issuer}/token`, handle), http.post(`${other}/bc`, handle))
beforeEach(() => {
  proofs = []
  nonces = {}
  answer = { access_token: 'at', token_type: 'DPoP' }
})

const connect = (dpop = true) =>
  connectAuthorizationServer(
    oidc({ issuer, clientId: 'agent', clientSecret: 's', ...(dpop && { dpop: key }) }),
    surroundingsOf('test', {}),
  )
const proof = () => key.proof({ method: 'POST', url: `${issuer}/token?a=b#c` })

describe('RFC 9449, client', () => {
  verifies('RFC9449-4.2-header', 'and nothing else', async () => {
    const { jwk, ...header } = decodeProtectedHeader(await proof())
    expect(header).toEqual({ typ: 'dpop+jwt', alg: 'ES256' })
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256' })
    await expect(jwtVerify(await proof(), EmbeddedJWK)).resolves.toBeDefined()
  })

  verifies('RFC9449-4.2-private', 'an imported private JWK shows its public half', async () => {
    const d = 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI'
    const jwk = { kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', d }
    // RFC 7515 A.3.
    const imported = await importDpopKey({ ...jwk, y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' })
    const text = await imported.proof({ method: 'GET', url: issuer })
    expect(JSON.stringify(decodeProtectedHeader(text))).not.toContain(d)
    for (const algorithm of ['HS256', 'none']) {
      expect(await rejection(generateDpopKey({ algorithm }))).toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
  })

  verifies('RFC9449-4.2-claims', 'each proof has its own claims', async () => {
    const [first, second] = [decodeJwt(await proof()), decodeJwt(await proof())]
    expect(first).toEqual({ htm: 'POST', htu: `${issuer}/token`, iat: expect.any(Number), jti: expect.any(String) })
    expect(first.jti).not.toBe(second.jti)
  })

  verifies('RFC9449-4.2-ath', 'as in the example of §7.1', async () => {
    const accessToken = new Token('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')
    const text = await key.proof({ method: 'GET', url: 'https://resource.example.org/protectedresource', accessToken })
    expect(decodeJwt(text).ath).toBe('fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
  })

  verifies('RFC9449-5-token-request', 'refresh and exchange alike', async () => {
    const server = connect()
    for (const grant of ['refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange', 'client_credentials']) {
      await server.grant(grant, {})
    }
    for (const text of proofs) await expect(jwtVerify(text, EmbeddedJWK, { typ: 'dpop+jwt' })).resolves.toBeDefined()
    expect(proofs).toHaveLength(3)
  })

  verifies('RFC9449-5-token-type', 'it is told apart, and refused without a key', async () => {
    expect((await connect().grant('client_credentials', {})).tokenType).toBe('dpop')
    answer.token_type = 'Bearer'
    expect((await connect().grant('client_credentials', {})).tokenType).toBe('bearer')
    answer.token_type = 'DPoP'
    expect(await rejection(connect(false).grant('client_credentials', {}))).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
    })
  })

  verifies('RFC9449-6.1-jkt', 'the key of our own tokens', async () => {
    const authorizationServer = oidc({ issuer, clientId: 'agent-app' })
    const options = { authorizationServer, audience: accessTokenClaims.aud, boundTo: key }
    const signed = (jkt: string) => as.sign({ ...accessTokenClaims, cnf: { jkt } })
    await expect(verifyAccessToken(await signed(key.thumbprint), options)).resolves.toBeDefined()
    expect(await rejection(verifyAccessToken(await signed('x'), options))).toMatchObject({ reason: 'binding' })
  })

  verifies('RFC9449-8-nonce', 'once, and with a proof of its own', async () => {
    nonces = { [issuer]: 'eyJ7S_zG.eyJH0-Z.HX4w-7v' }
    await connect().grant('client_credentials', {})
    expect(proofs.map((text) => decodeJwt(text).nonce)).toEqual([undefined, 'eyJ7S_zG.eyJH0-Z.HX4w-7v'])
    expect(new Set(proofs.map((text) => decodeJwt(text).jti)).size).toBe(2)
  })

  verifies('RFC9449-8.2-new-nonce', 'without being asked', async () => {
    const server = connect()
    await server.grant('client_credentials', {})
    await server.grant('client_credentials', {})
    expect(proofs.map((text) => decodeJwt(text).nonce)).toEqual([undefined, 'from-a-good-answer'])
  })

  verifies('RFC9449-9-separate', 'by origin', async () => {
    const server = connect()
    await server.grant('client_credentials', {})
    answer = { auth_req_id: 'r', expires_in: 60 }
    await server.requestBackchannelAuthentication({ scope: 'openid', login_hint: 'ann' })
    expect(decodeJwt(proofs[1] ?? '').nonce).toBeUndefined()
  })
})

describe('thumbprints, as the specifications give them', () => {
  test('RFC 7638 §3.1', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
      'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ' +
      'vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const jwk: JWK = { kty: 'RSA', n, e: 'AQAB', alg: 'RS256', kid: '2011-04-29' }
    expect(await calculateJwkThumbprint(jwk, 'sha256')).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  test('RFC 9449 §6.1, of the key in its examples', async () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
      y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    }
    expect(await calculateJwkThumbprint(jwk, 'sha256')).toBe('0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I')
  })
})
