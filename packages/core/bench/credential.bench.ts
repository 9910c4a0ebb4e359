import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { bench } from '../../../scripts/bench/bench.ts'
import { createCredential, Token } from '../src/credential/index.ts'
import { oidc } from '../src/entrypoints/providers.ts'
import { createResourceServer } from '../src/entrypoints/resource-server.ts'
import { generateDpopKey } from '../src/oauth/client/dpop-key.ts'
import { memoryStore } from '../src/records/memory-store.ts'

const ISSUER = 'https://issuer.example'
const API = 'https://api.example.com'
const { publicKey, privateKey } = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
const issuerAnswers: Readonly<Record<string, unknown>> = {
  '/.well-known/openid-configuration': {
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/jwks`,
    token_endpoint: `${ISSUER}/token`,
  },
  '/jwks': { keys: [jwk] },
}
const issuer = async (input: string | URL | Request) => Response.json(issuerAnswers[new URL(String(input)).pathname])

const sign = (claims: object) =>
  new SignJWT({ sub: 'ann', client_id: 'agent', jti: 'j', scope: 'portfolio:read', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setAudience(API)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(privateKey)

// The client's half: what a request costs over the proof that it needs anyway.
const dpop = await generateDpopKey()
const token = new Token(await sign({ cnf: { jkt: dpop.thumbprint } }))
const empty = new Response(null)
const nowhere = async () => empty
const credential = (bound: object) =>
  createCredential({
    name: 'trade',
    issued: { token, scopes: [], ...bound },
    origins: [API],
    fetch: nowhere,
    onRawToken: () => {},
  }).credential
const bound = credential({ dpop })
const bearer = credential({})

bench('DPoP fetch', {
  run: () => bound.fetch(`${API}/portfolios/p-ann`),
  peer: {
    name: 'a bare signed proof',
    run: () => dpop.proof({ method: 'GET', url: `${API}/portfolios/p-ann`, accessToken: token }),
  },
})
bench('bearer fetch', {
  run: () => bearer.fetch(`${API}/portfolios/p-ann`),
  peer: { name: 'a bare fetch', run: nowhere },
})

// The API's half: what verifying a caller costs over verifying its token.
const options = { authorizationServer: oidc({ issuer: ISSUER, clientId: 'api' }), audience: API, fetch: issuer }
const api = createResourceServer(options)
const plain = await sign({})
const request = new Request(`${API}/portfolios/p-ann`, { headers: { authorization: `Bearer ${plain}` } })
const first = await api.protect(request)
if (!first.ok) throw new Error(`the API's benchmark is not set up right: ${first.reason}`)
const peer = {
  name: 'bare jwtVerify',
  run: () => jwtVerify(plain, publicKey, { issuer: ISSUER, audience: API, typ: 'at+jwt', algorithms: ['ES256'] }),
}
bench('protect(), bearer token', { run: () => api.protect(request, { scopes: ['portfolio:read'] }), peer })

const strict = createResourceServer({ ...options, dpop: { store: memoryStore({ maxEntries: 10_000_000 }) } })
const boundToken = await sign({ cnf: { jkt: dpop.thumbprint } })
const accessToken = new Token(boundToken)
bench('protect(), bound token, proof included', {
  run: async () => {
    const proof = await dpop.proof({ method: 'GET', url: request.url, accessToken })
    return strict.protect(new Request(request.url, { headers: { authorization: `DPoP ${boundToken}`, dpop: proof } }))
  },
  peer: {
    name: 'a proof and two bare jwtVerify',
    run: async () => {
      await dpop.proof({ method: 'GET', url: request.url, accessToken })
      await peer.run()
      await peer.run()
    },
  },
})
