import * as fc from 'fast-check'
import { base64url, CompactSign, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, test } from 'vitest'
import { BehalfError } from '../../src/base/errors/index.ts'
import { isVerified } from '../../src/identity/verified.ts'
import { verifyAccessToken } from '../../src/identity/verify-access-token.ts'
import { verifyIdToken } from '../../src/identity/verify-id-token.ts'
import { verifyRequest } from '../../src/identity/verify-request.ts'
import { keycloak } from '../../src/oauth/profiles/keycloak.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { createResourceServer } from '../../src/resource-server/create-resource-server.ts'
import { settled, share } from './runs.ts'

const issuer = 'https://as.example.com'
const realm = keycloak({ url: issuer, realm: 'r', clientId: 'agent-app', algorithms: ['ES256'] })
const audience = 'https://api.example.com'
const { privateKey, publicKey } = await generateKeyPair('ES256')
const keys = [{ ...(await exportJWK(publicKey)), kid: 'k-1', alg: 'ES256', use: 'sig' }]

let requests = 0
/** The issuers, without a network. */
const fetch = async (input: string | URL | Request): Promise<Response> => {
  requests++
  const url = String(input)
  if (url.endsWith('/jwks')) return Response.json({ keys })
  const name = url.includes('/realms/r/') ? realm.issuer : issuer
  return Response.json({ issuer: name, jwks_uri: `${name}/jwks`, token_endpoint: `${name}/token` })
}
const profile = oidc({ issuer, clientId: 'agent-app' })
const options = { authorizationServer: profile, audience, fetch }
const api = createResourceServer({ authorizationServer: profile, audience, fetch })

const encode = (text: string) => base64url.encode(text)
const sign = (header: object, payload: string): Promise<string> =>
  new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: 'ES256', kid: 'k-1', typ: 'at+jwt', ...header })
    .sign(privateKey)

const claims = (): Record<string, unknown> => {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: audience, sub: 'ann', client_id: 'app', jti: 'j', iat: now, exp: now + 300 }
}
const good = await sign({}, JSON.stringify(claims()))
const parts = good.split('.') as [string, string, string]

/** Any JSON, with the shapes that claims have more often than by chance. */
const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    '',
    0,
    -1,
    1e308,
    null,
    [],
    {},
    ['a'],
    [['a']],
    { sub: 'x' },
    { jkt: 'x' },
    '\u0000',
    '__proto__',
  ),
)
const claimNames = ['iss', 'aud', 'sub', 'client_id', 'azp', 'exp', 'nbf', 'iat', 'jti', 'scope', 'act', 'cnf', 'acr']
const moreClaims = [
  'auth_time',
  'sid',
  'authorization_details',
  'nonce',
  'at_hash',
  'typ',
  'uid',
  '__proto__',
  'constructor',
]
const someClaims = fc.dictionary(fc.constantFrom(...claimNames, ...moreClaims), anyJson, { maxKeys: 5 })
const headers = fc.dictionary(
  fc.constantFrom('alg', 'kid', 'typ', 'jku', 'x5u', 'jwk', 'crit', 'b64', 'zip', 'cty', 'x5c'),
  fc.oneof(
    anyJson,
    fc.constantFrom('none', 'HS256', 'ES256', 'RS256', 'k-1', 'JWT', 'AT+JWT', 'https://evil.example.com'),
  ),
  { maxKeys: 4 },
)

/** A compact token of any two texts, under a signature of something else. */
const forged = fc
  .tuple(
    fc.oneof(
      headers.map((value) => encode(JSON.stringify(value))),
      fc.constant(parts[0]),
      fc.string().map(encode),
    ),
    fc.oneof(
      someClaims.map((value) => encode(JSON.stringify(value))),
      fc.constant(parts[1]),
      fc.string().map(encode),
    ),
    fc.oneof(
      fc.constant(parts[2]),
      fc.uint8Array({ maxLength: 70 }).map((bytes) => base64url.encode(bytes)),
      fc.string(),
    ),
  )
  .map((three) => three.join('.'))

/** A good token with one place changed, cut or doubled. */
const damaged = fc
  .tuple(fc.nat(good.length), fc.string({ maxLength: 3, unit: 'binary' }), fc.nat(3))
  .map(([at, text, cut]) => good.slice(0, at) + text + good.slice(at + cut))

const nested = fc.nat(400).map((depth) => {
  const act = `${'{"sub":"a","act":'.repeat(depth)}{}${'}'.repeat(depth)}`
  return `${parts[0]}.${encode(`{"iss":"${issuer}","act":${act}}`)}.${parts[2]}`
})
const noise = fc.oneof(
  fc.string({ maxLength: 200, unit: 'binary' }),
  fc.base64String({ maxLength: 200 }),
  fc.constant('..'),
)
const token = fc.oneof({ arbitrary: forged, weight: 4 }, { arbitrary: damaged, weight: 3 }, nested, noise)

describe('an unsigned token makes no identity', () => {
  const access = share(20)
  test('as access token', access, async () => {
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        fc.pre(text !== good)
        const result = await settled(verifyAccessToken(text, options), secretsOf(text))
        expect(BehalfError.isInstance(result)).toBe(true)
        expect(isVerified(result)).toBe(false)
      }),
      access,
    )
    // Metadata and keys, and a look for new keys once in its cool-down: not one request for each token.
    expect(requests).toBeLessThan(20)
  })

  const id = share(10)
  test('as id_token', id, async () => {
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        const result = await settled(verifyIdToken(text, { authorizationServer: profile, fetch }), secretsOf(text))
        expect(BehalfError.isInstance(result)).toBe(true)
      }),
      id,
    )
  })

  const protect = share(10)
  test('in a request to an API, which is answered with a challenge', protect, async () => {
    const scheme = fc.constantFrom('Bearer', 'DPoP', 'bearer  ', 'Basic', '')
    await fc.assert(
      fc.asyncProperty(scheme, token, token, fc.boolean(), async (name, text, proof, proved) => {
        const request = requestWith(`${name} ${text}`, proved ? proof : undefined)
        fc.pre(request !== undefined)
        // What arrives: a header loses the white space around its value (RFC 9110 §5.5).
        fc.pre(request.headers.get('authorization')?.endsWith(` ${good}`) !== true)
        const outcome = await settled(api.protect(request), secretsOf(text))
        expect(outcome).toMatchObject({ ok: false })
        if ('response' in outcome) {
          expect([400, 401]).toContain(outcome.response.status)
          for (const secret of secretsOf(text)) {
            expect(JSON.stringify([...outcome.response.headers])).not.toContain(secret)
          }
        }
        const direct = await settled(verifyRequest(request, options), secretsOf(text))
        expect(isVerified(direct)).toBe(false)
      }),
      protect,
    )
  })
})

describe('claims that the issuer signed make an identity or a fault', () => {
  for (const [name, of, type] of [
    ['plain OpenID Connect', profile, 'at+jwt'],
    ['Keycloak', realm, 'JWT'],
  ] as const) {
    const rules = share(10)
    test(name, rules, async () => {
      await fc.assert(
        fc.asyncProperty(someClaims, headers, fc.boolean(), async (changes, header, whole) => {
          const { alg: _alg, crit: _crit, b64: _b64, ...others } = header
          const payload = whole ? { ...claims(), iss: of.issuer, azp: 'app', typ: 'Bearer', ...changes } : changes
          const text = await sign({ typ: type, ...others }, JSON.stringify(payload)).catch(() => undefined)
          fc.pre(text !== undefined)
          const work = verifyAccessToken(text, { ...options, authorizationServer: of })
          const result = await settled(work, secretsOf(text))
          if (BehalfError.isInstance(result)) return
          expect(isVerified(result) && Object.isFrozen(result)).toBe(true)
          expect(result).toMatchObject({ issuer: of.issuer, clientId: expect.any(String) })
          if (result.kind === 'user') expect(result.subject).toMatch(/./s)
          expect(JSON.stringify(result)).not.toContain(text)
        }),
        rules,
      )
    })
  }
})

/** What must not be shown: the signature, where there is one worth the name. */
function secretsOf(text: string): readonly string[] {
  const signature = text.split('.')[2] ?? ''
  return signature.length > 20 && text.length > 60 ? [signature] : []
}

/** `undefined` for what no header can carry. */
function requestWith(authorization: string, proof: string | undefined): Request | undefined {
  try {
    return new Request('https://api.example.com/orders', {
      headers: { authorization, ...(proof !== undefined && { dpop: proof }) },
    })
  } catch {
    return undefined
  }
}
