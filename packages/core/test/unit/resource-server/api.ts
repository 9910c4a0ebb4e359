import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { sha256 } from '../../../src/base/values/index.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Challenged } from '../../../src/resource-server/challenge.ts'
import { createResourceServer } from '../../../src/resource-server/create-resource-server.ts'
import type { Passed } from '../../../src/resource-server/verify-caller.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

/** An issuer, an API that trusts it, and clients with keys. */
export const as = await mockIssuer('https://as.example.com')
/** Has the issuer answer the tests of a file. */
export const useIssuer = () => useMsw(...as.handlers)
export const audience = accessTokenClaims.aud
export const here = `${audience}/orders`
const profile = () => oidc({ issuer: as.issuer, clientId: 'api' })
export const makeApi = (options: object = {}) =>
  createResourceServer({ authorizationServer: profile(), audience, ...options })
export const tokenOf = (claims: object = {}) => as.sign({ ...accessTokenClaims, ...claims })
export const bearer = async (claims: object = {}) =>
  new Request(here, { headers: { authorization: `Bearer ${await tokenOf(claims)}` } })

/** A key that signs proofs, right ones unless told otherwise. */
export async function proofKey(algorithm = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const thumbprint = await calculateJwkThumbprint(jwk)
  const sign = (claims: JWTPayload, header: object = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'dpop+jwt', jwk, ...header } as never)
      .sign(privateKey)
  const claimsFor = async (token: string, claims: object = {}) => ({
    jti: crypto.randomUUID(),
    htm: 'GET',
    htu: here,
    iat: Math.floor(Date.now() / 1000),
    ath: await sha256(token),
    ...claims,
  })
  return {
    jwk,
    privateJwk: await exportJWK(privateKey),
    thumbprint,
    sign,
    claimsFor,
    /** A token bound to this key. */
    token: (claims: object = {}) => tokenOf({ cnf: { jkt: thumbprint }, ...claims }),
    proof: async (token: string, claims: object = {}, header: object = {}) =>
      sign(await claimsFor(token, claims), header),
    /** A request with token and proof. */
    async request(token: string, claims: object = {}, { url = here, header = {}, ...init }: RequestParts = {}) {
      const proof = await sign(await claimsFor(token, claims), header)
      return new Request(url, { ...init, headers: { authorization: `DPoP ${token}`, dpop: proof } })
    },
  }
}

interface RequestParts extends RequestInit {
  readonly url?: string
  readonly header?: object
}

export async function passed(result: Promise<Passed | Challenged>): Promise<Passed> {
  const outcome = await result
  if (!outcome.ok) throw new Error(`refused: ${outcome.reason}: ${outcome.response.headers.get('www-authenticate')}`)
  return outcome
}

export async function refused(result: Promise<Passed | Challenged>) {
  const outcome = await result
  if (outcome.ok) throw new Error('passed')
  const { status, headers } = outcome.response
  return {
    status,
    challenge: headers.get('www-authenticate') ?? '',
    nonce: headers.get('dpop-nonce'),
    reason: outcome.reason,
    text: await outcome.response.text(),
  }
}
