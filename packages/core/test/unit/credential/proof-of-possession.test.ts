import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { HttpResponse, http } from 'msw'
import { describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../../src/base/values/index.ts'
import { type ProofKey, revealToken, Token } from '../../../src/credential/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { api, type OpenOptions, open, useApi } from './open-credential.ts'

const server = useApi()

const files = 'https://files.example.com:8443'

/** A key by the letter of RFC 9449 §4.2, made without the room that makes those of apps. */
async function makeKey(): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    algorithm: 'ES256',
    thumbprint: await calculateJwkThumbprint(jwk),
    importable: false,
    proof: async ({ method, url, accessToken, nonce }) =>
      new SignJWT({
        jti: crypto.randomUUID(),
        htm: method,
        htu: url.split(/[?#]/, 1)[0] as string,
        ...(accessToken && { ath: await sha256(revealToken(accessToken)) }),
        ...(nonce !== undefined && { nonce }),
      })
        .setIssuedAt()
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .sign(privateKey),
  }
}

interface Seen {
  readonly authorization: string | null
  readonly proof: Readonly<Record<string, unknown>>
  readonly body: string
}

/** An API that wants a nonce of its own, `undefined` for none, and tells a new one with each answer. */
function listen(origin: string, wanted: () => string | undefined, told: () => string | undefined = wanted): Seen[] {
  const seen: Seen[] = []
  server.use(
    http.all(`${origin}/*`, async ({ request }) => {
      const proof = decodeJwt(request.headers.get('dpop') ?? '')
      seen.push({ authorization: request.headers.get('authorization'), proof, body: await request.text() })
      const expected = wanted()
      const nonce = told()
      const headers: Record<string, string> = nonce === undefined ? {} : { 'dpop-nonce': nonce }
      if (proof.nonce === expected) return HttpResponse.json({ ok: true }, { headers })
      // RFC 9449 §9.
      headers['www-authenticate'] = 'DPoP error="use_dpop_nonce", error_description="Resource server requires nonce"'
      return new HttpResponse(null, { status: 401, headers })
    }),
  )
  return seen
}

const bound = async (options: OpenOptions = {}) => open({ dpop: await makeKey(), ...options })

describe('a bound token', () => {
  test('goes out as DPoP, with a fresh proof for this request and token', async () => {
    const seen = listen(api, () => undefined)
    const { credential } = await bound()
    await credential.fetch(`${api}/orders?page=2#x`, { method: 'post', body: 'x' })
    await credential.fetch(new Request(`${api}/orders`, { method: 'PUT', body: 'y' }))
    expect(seen[0]).toMatchObject({ authorization: 'DPoP first', body: 'x' })
    expect(seen[0]?.proof).toMatchObject({ htm: 'POST', htu: `${api}/orders`, ath: await sha256('first') })
    expect(seen[1]?.proof.htm).toBe('PUT')
    expect(seen[0]?.proof.jti).not.toBe(seen[1]?.proof.jti)
  })

  test('names the method as it is sent: `fetch` leaves `patch` in small letters', async () => {
    const key = await makeKey()
    const proof = vi.spyOn(key, 'proof')
    const { credential } = open({ dpop: key, fetch: async () => new Response() })
    for (const method of ['patch', 'delete']) await credential.fetch(`${api}/a`, { method })
    expect(proof.mock.calls.map(([request]) => request.method)).toEqual(['patch', 'DELETE'])
  })

  test('goes to its origins only, and with no proof of the body’s own', async () => {
    const key = await makeKey()
    const proof = vi.spyOn(key, 'proof')
    const { credential } = open({ dpop: key })
    expect(await rejection(credential.fetch('https://evil.example.com'))).toMatchObject({ reason: 'origin' })
    const own = { headers: { dpop: 'x' } }
    expect(await rejection(credential.fetch(`${api}/a`, own))).toMatchObject({ reason: 'authorization_header' })
    expect(await rejection(open().credential.fetch(`${api}/a`, own))).toMatchObject({ reason: 'authorization_header' })
    const request = new Request(`${api}/a`, own)
    expect(await rejection(credential.fetch(request, { headers: {} }))).toMatchObject({
      reason: 'authorization_header',
    })
    expect(proof).not.toHaveBeenCalled()
  })

  test('is not sent when the call ended while the proof was signed', async () => {
    const key = await makeKey()
    const fetch = vi.fn(async () => new Response())
    const opened = open({
      fetch,
      dpop: {
        ...key,
        proof: async (request) => {
          opened.close()
          return key.proof(request)
        },
      },
    })
    expect(await rejection(opened.credential.fetch(`${api}/a`))).toMatchObject({ reason: 'call_ended' })
    expect(fetch).not.toHaveBeenCalled()
  })

  test('is replaced by one of another kind on 401, with the scheme of that kind', async () => {
    const seen: (string | null)[] = []
    server.use(
      http.all(`${api}/a`, ({ request }) => {
        seen.push(request.headers.get('authorization'), request.headers.get('dpop'))
        return new HttpResponse(null, { status: 401 })
      }),
    )
    const fresh = { token: new Token('second'), scopes: [] }
    await (await bound({ refresh: async () => fresh })).credential.fetch(`${api}/a`)
    expect(seen).toEqual(['DPoP first', expect.any(String), 'Bearer second', null])
  })
})

describe("an API's nonce", () => {
  test('is learnt from the refusal, tried once, and used from then on', async () => {
    const seen = listen(api, () => 'n-1')
    const { credential } = await bound()
    for (const body of ['x', 'y']) {
      expect((await credential.fetch(`${api}/a`, { method: 'POST', body })).status).toBe(200)
    }
    expect(seen.map(({ proof, body }) => [proof.nonce, body])).toEqual([
      [undefined, 'x'],
      ['n-1', 'x'],
      ['n-1', 'y'],
    ])
    expect(seen[0]?.proof.jti).not.toBe(seen[1]?.proof.jti)
  })

  test('is tried by each of several requests that were sent before it was known', async () => {
    listen(api, () => 'n-1')
    // Without a fresh token to fall back on, as an approval has none.
    const { credential } = await bound()
    const answers = await Promise.all(['a', 'b', 'c'].map((path) => credential.fetch(`${api}/${path}`)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('is adopted from any answer', async () => {
    let count = 0
    const seen = listen(
      api,
      () => (count === 0 ? undefined : `n-${count}`),
      () => `n-${++count}`,
    )
    const { credential } = await bound()
    // The API tells its next nonce with each good answer, and takes only the newest.
    await credential.fetch(`${api}/a`)
    await credential.fetch(`${api}/a`)
    await credential.fetch(`${api}/a`)
    expect(seen.map(({ proof }) => proof.nonce)).toEqual([undefined, 'n-1', 'n-2'])
  })

  test('is asked for once: an API that never has enough is answered to the body', async () => {
    let count = 0
    const seen = listen(
      api,
      () => 'never',
      () => `n-${++count}`,
    )
    expect((await (await bound()).credential.fetch(`${api}/a`)).status).toBe(401)
    expect(seen).toHaveLength(2)
  })

  test.each([
    ['no nonce', undefined],
    ['the same nonce again', 'n-1'],
    ['what is no nonce', 'a "quoted" one'],
    ['two kilobytes', 'n'.repeat(2048)],
  ])('is not tried again with %s', async (_name, nonce) => {
    const { credential } = await bound()
    if (nonce === 'n-1') {
      listen(api, () => 'n-1')
      await credential.fetch(`${api}/a`)
    }
    const seen = listen(
      api,
      () => 'other',
      () => nonce,
    )
    expect((await credential.fetch(`${api}/a`)).status).toBe(401)
    expect(seen).toHaveLength(1)
  })

  test('is no reason to send a stream twice; the next request has it', async () => {
    const seen = listen(api, () => 'n-1')
    const { credential } = await bound()
    const body = () => new Blob(['x']).stream()
    const init = () => ({ method: 'POST', body: body(), duplex: 'half' }) as RequestInit
    expect((await credential.fetch(`${api}/a`, init())).status).toBe(401)
    expect((await credential.fetch(`${api}/a`, init())).status).toBe(200)
    expect(seen).toHaveLength(2)
  })

  test('never reaches another origin, nor another key', async () => {
    const first = await makeKey()
    const here = listen(api, () => 'n-api')
    const there = listen(files, () => undefined)
    await open({ dpop: first }).credential.fetch(`${api}/a`)
    await open({ dpop: first }).credential.fetch(`${files}/a`)
    expect(there.map(({ proof }) => proof.nonce)).toEqual([undefined])
    // Another call of the same agent has it.
    await open({ dpop: first }).credential.fetch(`${api}/a`)
    await open({ dpop: await makeKey() }).credential.fetch(`${api}/a`)
    expect(here.map(({ proof }) => proof.nonce)).toEqual([undefined, 'n-api', 'n-api', undefined, 'n-api'])
  })

  test('is kept for a hundred origins of a key', async () => {
    const key = await makeKey()
    const origins = Array.from({ length: 101 }, (_, n) => `https://api-${n}.example.com`)
    const sent: unknown[] = []
    const fetch = async (input: string | URL | Request, init?: RequestInit) => {
      sent.push(decodeJwt(new Headers(init?.headers).get('dpop') ?? '').nonce)
      return new Response(null, { headers: { 'dpop-nonce': new URL(String(input)).host } })
    }
    const { credential } = open({ dpop: key, origins, fetch })
    for (const origin of [...origins, origins[0], origins[100]]) await credential.fetch(`${origin}/a`)
    expect(sent.slice(-2)).toEqual([undefined, 'api-100.example.com'])
  })

  test('goes before a fresh token, and a refusal of the token comes after it', async () => {
    const seen: [string | null, unknown][] = []
    server.use(
      http.all(`${api}/a`, ({ request }) => {
        const { nonce } = decodeJwt(request.headers.get('dpop') ?? '')
        seen.push([request.headers.get('authorization'), nonce])
        const headers: Record<string, string> = { 'dpop-nonce': 'n-1' }
        if (nonce !== 'n-1') headers['www-authenticate'] = 'DPoP error="use_dpop_nonce"'
        return new HttpResponse(null, {
          status: request.headers.get('authorization') === 'DPoP second' ? 200 : 401,
          headers,
        })
      }),
    )
    const dpop = await makeKey()
    const refresh = async () => ({ token: new Token('second'), scopes: [], dpop })
    expect((await open({ dpop, refresh }).credential.fetch(`${api}/a`)).status).toBe(200)
    expect(seen).toEqual([
      ['DPoP first', undefined],
      ['DPoP first', 'n-1'],
      ['DPoP second', 'n-1'],
    ])
  })
})

test('a bearer token learns no nonce and is not tried again for one', async () => {
  const fetch = vi.fn(
    async () =>
      new Response(null, {
        status: 401,
        headers: { 'dpop-nonce': 'n', 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
      }),
  )
  expect((await open({ fetch }).credential.fetch(`${api}/a`)).status).toBe(401)
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('the proof shows its public key and nothing of the private one', async () => {
  const key = await makeKey()
  const { jwk } = decodeProtectedHeader(await key.proof({ method: 'GET', url: api }))
  expect(Object.keys(jwk as object).sort()).toEqual(['crv', 'kty', 'x', 'y'])
})
