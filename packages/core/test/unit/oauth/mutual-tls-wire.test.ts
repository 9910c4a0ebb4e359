// Real certificates over TLS. They are valid for a hundred years; `README.md` beside them says how they were made.
import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions, request as send } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { PeerCertificate, TLSSocket } from 'node:tls'
import { generateKeyPair } from 'jose'
import { afterAll, describe, expect, test } from 'vitest'
import { type OidcOptions, oidc } from '../../../src/entrypoints/providers.ts'
import { allowInsecureLoopback, type Fetch } from '../../../src/index.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { rejection } from './mock-issuer.ts'

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), 'utf8')
const ca = pem('ca.pem')
const certificate = (name: string) => ({ cert: pem(`${name}.pem`), key: pem(`${name}.key`) })

/** What came to each of the server's two ports, with the name in the client's certificate. */
const tokenRequests: { readonly port: 'plain' | 'mtls'; readonly client: unknown; readonly form: string }[] = []
const plain = await listen('plain', {})
const mtls = await listen('mtls', { requestCert: true, rejectUnauthorized: true, ca })

/** An authorization server: one port without client certificates, one that takes no connection without. */
async function listen(port: 'plain' | 'mtls', options: ServerOptions) {
  const server = createServer({ ...certificate('server'), ...options }, (request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.method === 'GET') return void response.end(JSON.stringify(metadata()))
    let form = ''
    request.on('data', (chunk) => {
      form += chunk
    })
    request.on('end', () => {
      const shown: Partial<PeerCertificate> = (request.socket as TLSSocket).getPeerCertificate()
      tokenRequests.push({ port, client: shown.subject?.CN, form })
      response.end(JSON.stringify({ access_token: 'at', token_type: 'Bearer' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => void server.close())
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function metadata() {
  return {
    issuer: plain,
    token_endpoint: `${plain}/token`,
    mtls_endpoint_aliases: { token_endpoint: `${mtls}/token` },
  }
}

/** A `fetch` that shows a certificate, as an app has it. */
const showing =
  (client: object): Fetch =>
  (input, init = {}) =>
    new Promise((resolve, reject) => {
      const request = new Request(input, init)
      const options = {
        method: request.method,
        headers: Object.fromEntries(request.headers),
        ca,
        agent: false as const,
        ...client,
      }
      const sent = send(request.url, options, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part) => parts.push(part))
        answer.on('end', () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode ?? 500 })))
      })
      sent.on('error', reject)
      void request.text().then((body) => sent.end(body))
    })

async function grantAs(client: object, over: Partial<OidcOptions>) {
  const profile = oidc({ issuer: plain, clientId: 'client', [allowInsecureLoopback]: true, ...over })
  const fetch = showing(client)
  await connectAuthorizationServer(profile, surroundingsOf('test', { fetch })).grant('client_credentials', {})
  return tokenRequests.at(-1)
}

describe('a client with a certificate, over TLS', () => {
  const byCertificate = { clientAuthentication: { method: 'tls_client_auth' } } as const

  test('authenticates by its certificate at the alias', async () => {
    expect(await grantAs(certificate('client'), byCertificate)).toEqual({
      port: 'mtls',
      client: 'client',
      form: 'grant_type=client_credentials&client_id=client',
    })
  })

  test('that signs an assertion shows its certificate at the alias, too', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const sent = await grantAs(certificate('client'), { privateKey, mutualTls: true })
    expect(sent).toMatchObject({ port: 'mtls', client: 'client', form: expect.stringContaining('client_assertion=') })
    expect(await grantAs({}, { privateKey })).toMatchObject({ port: 'plain', client: undefined })
  })

  test('gets nothing without a certificate, or with one of the same name that another party signed', async () => {
    const before = tokenRequests.length
    for (const client of [{}, certificate('stranger')]) {
      expect(await rejection(grantAs(client, byCertificate))).toMatchObject({ code: 'ERR_TRANSPORT' })
    }
    expect(tokenRequests).toHaveLength(before)
  })
})
