import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BehalfError } from '../../src/base/errors/index.ts'
import { createIntrospection } from '../../src/identity/introspection.ts'
import { isVerified } from '../../src/identity/verified.ts'
import { verifyAccessToken } from '../../src/identity/verify-access-token.ts'
import { verifyTokenResponse } from '../../src/identity/verify-token-response.ts'
import { generateDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { settled, share } from './runs.ts'

const issuer = 'https://as.example.com'
const metadata = {
  issuer,
  jwks_uri: `${issuer}/jwks`,
  token_endpoint: `${issuer}/token`,
  introspection_endpoint: `${issuer}/introspect`,
  backchannel_authentication_endpoint: `${issuer}/bc`,
}
const dpop = await generateDpopKey()
/** What we send, and what came: neither may be seen in a fault. */
const SENT = 'sent-subject-token-0123456789'
const CAME = 'issued-access-token-0123456789'

const anyJson = fc.jsonValue({ maxDepth: 3 })
const names = ['access_token', 'token_type', 'issued_token_type', 'expires_in', 'scope', 'id_token', 'refresh_token']
const more = [
  'error',
  'error_description',
  'authorization_details',
  'auth_req_id',
  'interval',
  'active',
  'iss',
  'aud',
  'sub',
]
const texts = fc.constantFrom<unknown>(
  'Bearer',
  'DPoP',
  'N_A',
  'mac',
  SENT,
  60,
  -1,
  '60',
  true,
  issuer,
  [{ type: 'x' }],
  null,
)
/** Where a server puts a token. Its own words in an error are its own affair, unless they repeat what we sent. */
const tokens = fc.dictionary(
  fc.constantFrom('access_token', 'id_token', 'refresh_token', 'nonsense'),
  fc.constant(CAME),
  {
    maxKeys: 2,
  },
)
const others = fc.dictionary(fc.constantFrom(...names, ...more, '__proto__'), fc.oneof(texts, anyJson), { maxKeys: 7 })
const members = fc.tuple(others, tokens).map(([first, second]) => ({ ...first, ...second }))
const body = fc.oneof(
  { arbitrary: members.map((value) => JSON.stringify(value)), weight: 6 },
  anyJson.map((value) => JSON.stringify(value)),
  members.map((value) => JSON.stringify(value).slice(0, -1)),
  fc.constantFrom(
    '',
    '<html></html>',
    `{"access_token":"${CAME}"`,
    `{"error":"${SENT}","error_description":"${SENT}"}`,
  ),
  fc.string({ unit: 'binary' }),
)
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'www-authenticate', 'retry-after', 'dpop-nonce', 'location', 'cache-control'),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'text/html',
      'application/jwt',
      '-1',
      '99999999999',
    ),
    fc.constantFrom(
      'DPoP error="use_dpop_nonce"',
      'Basic realm="x"',
      'Bearer',
      ',,,',
      'n-1',
      'https://evil.example.com',
    ),
    fc.string({ unit: fc.constantFrom(...'aB0 ,="\\;:/-_~') }),
  ),
  { maxKeys: 4 },
)
const statuses = fc.oneof(
  { arbitrary: fc.constantFrom(200, 400, 401), weight: 6 },
  fc.constantFrom(201, 204, 302, 403, 404, 418, 429, 500, 503, 599),
)
const answers = fc.record({ status: statuses, headers, body })

type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
const respond = ({ status, headers: given, body: text }: Answer): Response =>
  new Response([204, 205, 304].includes(status) ? null : text, {
    status,
    headers: { 'content-type': 'application/json', ...given },
  })

/** A fresh server each time, since what is discovered is kept. */
const connect = (answer: Answer) => {
  let requests = 0
  const fetch = async (input: string | URL | Request) => {
    requests++
    return String(input).includes('.well-known') ? Response.json(metadata) : respond(answer)
  }
  const profile = oidc({ issuer, clientId: 'agent', clientSecret: 'the-client-secret', dpop })
  const server = connectAuthorizationServer(profile, surroundingsOf('fuzz', { fetch, timeoutMs: 3_000 }))
  return { server, profile, fetch, requests: () => requests }
}

describe('whatever an authorization server answers', () => {
  const grants = share(20)
  test('a grant gives a token response or a fault', grants, async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const { server, requests } = connect(answer)
        const result = await settled(server.grant('client_credentials', { subject_token: SENT }), [SENT, CAME])
        if (!BehalfError.isInstance(result)) {
          expect(result).toMatchObject({ accessToken: expect.stringMatching(/./s), tokenType: /^(bearer|dpop|n_a)$/ })
        }
        // Discovery, the grant, and once more for a nonce: a grant is repeated for nothing else.
        expect(requests()).toBeLessThanOrEqual(3)
      }),
      grants,
    )
  })

  const backchannel = share(5)
  test('a backchannel request is acknowledged or a fault', backchannel, async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const parameters = { scope: 'openid', login_hint: 'ann' }
        const result = await settled(connect(answer).server.requestBackchannelAuthentication(parameters), [CAME])
        if (BehalfError.isInstance(result)) return
        expect(result.authReqId).toMatch(/./s)
        expect(result.expiresIn > 0 && result.interval > 0).toBe(true)
      }),
      backchannel,
    )
  })

  const introspections = share(5)
  test('an introspection makes an identity or a fault', introspections, async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const { profile, fetch } = connect(answer)
        const introspect = createIntrospection({ authorizationServer: profile, audience: issuer, fetch })
        const result = await settled(introspect(SENT), [SENT, CAME])
        expect(BehalfError.isInstance(result) || isVerified(result)).toBe(true)
      }),
      introspections,
    )
  })

  const logins = share(5)
  test('a login makes an identity or a fault', logins, async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(members, anyJson), async (answer) => {
        const { profile, fetch } = connect({ status: 200, headers: {}, body: '{"keys":[]}' })
        const result = await settled(verifyTokenResponse(answer, { authorizationServer: profile, fetch }), [CAME])
        // No response here is signed.
        expect(BehalfError.isInstance(result)).toBe(true)
      }),
      logins,
    )
  })

  const documents = share(5)
  test('metadata and keys let a token pass or are a fault', documents, async () => {
    const document = fc.oneof(
      fc.dictionary(
        fc.constantFrom(...Object.keys(metadata), 'keys'),
        fc.oneof(anyJson, fc.constantFrom(issuer, `${issuer}/x`)),
        {
          maxKeys: 6,
        },
      ),
      fc
        .array(fc.dictionary(fc.constantFrom('kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e', 'k'), anyJson))
        .map((keys) => ({ keys })),
    )
    const token =
      `${btoa('{"alg":"ES256","typ":"at+jwt","kid":"k"}')}.${btoa(`{"iss":"${issuer}"}`)}.${CAME}`.replaceAll('=', '')
    await fc.assert(
      fc.asyncProperty(document, document, fc.boolean(), async (first, second, kept) => {
        const fetch = async (input: string | URL | Request) =>
          Response.json(String(input).includes('.well-known') ? (kept ? metadata : { issuer, ...first }) : second)
        const options = { authorizationServer: oidc({ issuer, clientId: 'agent' }), audience: 'a', fetch }
        const result = await settled(verifyAccessToken(token, options), [CAME])
        expect(BehalfError.isInstance(result)).toBe(true)
      }),
      documents,
    )
  })
})
