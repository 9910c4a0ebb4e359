import { generateKeyPair } from 'jose'
import { HttpResponse } from 'msw'
import { expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'

const issuer = 'https://as.example.com'
const metadata = {
  issuer,
  token_endpoint: `${issuer}/token`,
  mtls_endpoint_aliases: { token_endpoint: 'https://mtls.example.com/token' },
}

/** A `fetch` as an app has it that shows a certificate: here it only notes what went through it. */
function certified(with_: object = metadata) {
  const sent: { url: string; body: URLSearchParams; authorization: string | null }[] = []
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.method === 'GET') return HttpResponse.json(with_)
    const authorization = request.headers.get('authorization')
    sent.push({ url: request.url, body: new URLSearchParams(await request.text()), authorization })
    return HttpResponse.json({ access_token: 'at', token_type: 'Bearer' })
  }
  return { fetch, sent }
}

for (const method of ['tls_client_auth', 'self_signed_tls_client_auth'] as const) {
  test(`${method}: the client's name and no secret, at the alias that the server has for it`, async () => {
    const { fetch, sent } = certified()
    const profile = oidc({ issuer, clientId: 'agent', clientAuthentication: { method } })
    await connectAuthorizationServer(profile, surroundingsOf('test', { fetch })).grant('client_credentials', {})
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ url: 'https://mtls.example.com/token', authorization: null })
    expect(Object.fromEntries(sent[0]?.body ?? [])).toEqual({ client_id: 'agent', grant_type: 'client_credentials' })
  })
}

test('a client that signs its assertion and shows a certificate too uses the aliases, where its profile says so', async () => {
  const { privateKey } = await generateKeyPair('ES256')
  for (const [mutualTls, url] of [
    [true, 'https://mtls.example.com/token'],
    [undefined, `${issuer}/token`],
  ] as const) {
    const { fetch, sent } = certified()
    const profile = oidc({ issuer, clientId: 'agent', privateKey, mutualTls })
    await connectAuthorizationServer(profile, surroundingsOf('test', { fetch })).grant('client_credentials', {})
    expect(sent[0]).toMatchObject({ url })
    expect(sent[0]?.body.has('client_assertion')).toBe(true)
  }
  expect(() => oidc({ issuer, clientId: 'agent', mutualTls: 'yes' as never })).toThrow('oidc.mutualTls')
})

test('without aliases the usual endpoint is used, and without a certificate never the alias', async () => {
  const { mtls_endpoint_aliases: _aliases, ...plain } = metadata
  const first = certified(plain)
  const method = 'tls_client_auth'
  const tls = oidc({ issuer, clientId: 'agent', clientAuthentication: { method } })
  await connectAuthorizationServer(tls, surroundingsOf('test', { fetch: first.fetch })).grant('client_credentials', {})
  expect(first.sent[0]?.url).toBe(`${issuer}/token`)
  const second = certified()
  const secret = oidc({ issuer, clientId: 'agent', clientSecret: 's' })
  await connectAuthorizationServer(secret, surroundingsOf('test', { fetch: second.fetch })).grant(
    'client_credentials',
    {},
  )
  expect(second.sent[0]?.url).toBe(`${issuer}/token`)
})

test('an alias that is not https is refused', async () => {
  const { fetch, sent } = certified({
    ...metadata,
    mtls_endpoint_aliases: { token_endpoint: 'http://mtls.example.com/token' },
  })
  const profile = oidc({ issuer, clientId: 'agent', clientAuthentication: { method: 'tls_client_auth' } })
  const grant = connectAuthorizationServer(profile, surroundingsOf('test', { fetch })).grant('client_credentials', {})
  await expect(grant).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  expect(sent).toEqual([])
})
