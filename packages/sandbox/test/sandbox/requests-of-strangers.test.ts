import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/index.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterAll(() => sandbox?.close())
afterEach(() => vi.restoreAllMocks())

/** A server on this machine that should not be reached; it records its requests. */
async function inside() {
  const reached: string[] = []
  const server = createServer((incoming, outgoing) => {
    reached.push(`${incoming.method} ${incoming.url}`)
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, reached }
}

/** Requests that leave the server, and whether the library's guard goes with them. */
function outgoing() {
  const sent: { readonly url: string; readonly isGuarded: boolean }[] = []
  const real = globalThis.fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
    if (!String(url).startsWith(sandbox.settings.issuer)) {
      sent.push({ url: String(url), isGuarded: (init as { readonly dispatcher?: unknown }).dispatcher !== undefined })
    }
    return real(url, init)
  })
  return sent
}

async function register(metadata: object) {
  const response = await fetch(`${sandbox.settings.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://app.example.com/callback'], ...metadata }),
  })
  const { client_id: clientId = '', client_secret: clientSecret = '' } = (await response.json()) as Registered
  return { clientId, clientSecret }
}

interface Registered {
  readonly client_id?: string
  readonly client_secret?: string
}

describe('an address that a stranger names is not reached inside', () => {
  test('as a client id', async () => {
    const { origin, reached } = await inside()
    const sent = outgoing()
    const clientId = `${origin}/secret`
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: 'https://app.example.com/callback',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const response = await fetch(`${sandbox.settings.issuer}/authorize?${query}`, { redirect: 'manual' })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(reached).toEqual([])
    expect(new Set(sent.map(({ url }) => url))).toEqual(new Set([clientId]))
    expect(sent.every(({ isGuarded }) => isGuarded)).toBe(true)
  })

  test('as the place of keys', async () => {
    const { origin, reached } = await inside()
    const sent = outgoing()
    const { clientId } = await register({
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      jwks_uri: `${origin}/keys`,
    })
    const now = Math.floor(Date.now() / 1000)
    const { privateKey } = await generateKeyPair('ES256')
    const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: sandbox.settings.issuer, jti: 'x' })
      .setIssuedAt(now)
      .setExpirationTime(now + 60)
      .setProtectedHeader({ alg: 'ES256', kid: 'any' })
      .sign(privateKey)
    const response = await fetch(`${sandbox.settings.issuer}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(reached).toEqual([])
    expect(sent).toEqual([{ url: `${origin}/keys`, isGuarded: true }])
  })

  test('as the place of notifications: only a client of the settings is told on loopback', async () => {
    const { origin, reached } = await inside()
    const { clientId, clientSecret } = await register({
      grant_types: ['urn:openid:params:grant-type:ciba'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: `${origin}/told`,
    })
    const sent = outgoing()
    const asked = await fetch(`${sandbox.settings.issuer}/bc-authorize`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        scope: 'openid',
        login_hint: 'ann',
        client_notification_token: 'n'.repeat(32),
      }),
    })
    expect(asked.status).toBe(200)
    await sandbox.target.authorizationServer.controls.approve()
    expect(reached).toEqual([])
    expect(sent).toEqual([{ url: `${origin}/told`, isGuarded: true }])
  })
})

describe('a body without end is not read', () => {
  test.each([
    ['the token endpoint', () => `${sandbox.settings.issuer}/oauth/token`],
    ['registration', () => `${sandbox.settings.issuer}/oauth/register`],
    ['the API', () => `${sandbox.settings.api.origin}/orders`],
    [
      'the permission server',
      () => `${sandbox.settings.openFga.apiUrl}/stores/${sandbox.settings.openFga.storeId}/check`,
    ],
  ])('by %s', async (_name, url) => {
    const chunk = Buffer.alloc(65_536, 'a')
    let sent = 0
    const status = await new Promise<number | undefined>((resolve) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' }
      const outgoing = request(url(), { method: 'POST', headers }, (response) => {
        resolve(response.statusCode)
        outgoing.destroy()
      })
      outgoing.on('error', () => resolve(undefined))
      const more = () => {
        while (!outgoing.destroyed && sent < 150_000_000) {
          sent += chunk.length
          if (!outgoing.write(chunk)) return void outgoing.once('drain', more)
        }
      }
      more()
    })
    expect(status).toBe(413)
    expect(sent).toBeLessThan(20_000_000)
  })

  test('nor is one whose length says so', async () => {
    const response = await fetch(`${sandbox.settings.issuer}/oauth/token`, {
      method: 'POST',
      body: 'a'.repeat(2_000_000),
    })
    expect(response.status).toBe(413)
  })
})
