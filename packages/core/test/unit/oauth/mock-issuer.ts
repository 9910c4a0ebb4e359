import { inspect } from 'node:util'
import { setupFetchServer } from '@behalf/testing'
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import { HttpResponse, http, type RequestHandler } from 'msw'
import { afterAll, afterEach, beforeAll } from 'vitest'

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

export interface MockIssuer {
  readonly issuer: string
  readonly metadata: Record<string, unknown>
  readonly keys: JWK[]
  readonly kid: string
  readonly pair: KeyPair
  /** What was asked of it, in order: `GET /jwks`. */
  readonly requests: string[]
  readonly handlers: RequestHandler[]
  /** Signs claims as this issuer; `iss`, `iat` and `exp` unless given. */
  sign(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: KeyPair['privateKey']): Promise<string>
}

/** An issuer with metadata and one ES256 key, for msw. `keys` and `metadata` may be changed by a test. */
export async function mockIssuer(issuer: string, now: () => number = Date.now): Promise<MockIssuer> {
  const base = issuer.replace(/\/$/, '')
  const pair = await generateKeyPair('ES256')
  const kid = `key-of-${new URL(issuer).host}`
  const keys: JWK[] = [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }]
  const requests: string[] = []
  const metadata: Record<string, unknown> = {
    issuer,
    jwks_uri: `${base}/jwks`,
    token_endpoint: `${base}/token`,
    backchannel_authentication_endpoint: `${base}/bc-authorize`,
    id_token_signing_alg_values_supported: ['ES256'],
  }
  const note = (request: Request) => requests.push(`${request.method} ${new URL(request.url).pathname}`)
  return {
    issuer,
    metadata,
    keys,
    kid,
    pair,
    requests,
    handlers: [
      http.get(`${base}/.well-known/openid-configuration`, ({ request }) => {
        note(request)
        return HttpResponse.json(metadata)
      }),
      http.get(`${base}/jwks`, ({ request }) => {
        note(request)
        return HttpResponse.json({ keys })
      }),
    ],
    sign: (claims, header = {}, key = pair.privateKey) => {
      const seconds = Math.floor(now() / 1000)
      return new SignJWT({ iss: issuer, iat: seconds, exp: seconds + 300, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header })
        .sign(key)
    },
  }
}

/** `util.inspect` and `JSON.stringify` of an error, with all its causes and enumerable fields. */
export function everythingShownBy(error: unknown): string {
  const seen: unknown[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause) seen.push({ ...at }, at.message, at.stack)
  return `${inspect(error, { depth: 20 })} ${String(error)} ${JSON.stringify([error, seen])}`
}

/** The rejection of a promise; fails if the promise resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`did not reject, but gave ${inspect(value)}`)
    },
    (error: unknown) => error,
  )
}

/** Claims of an access token by the letter of RFC 9068. */
export const accessTokenClaims = {
  sub: 'ann',
  aud: 'https://api.example.com',
  client_id: 'agent-app',
  jti: 'j-1',
  scope: 'portfolio:read trade:write',
} as const

/** An msw server for one test file; a request that no handler expects fails the test. */
export function useMsw(...handlers: RequestHandler[]) {
  const server = setupFetchServer(...handlers)
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }))
  afterEach(() => server.resetHandlers())
  afterAll(() => server.close())
  return server
}
