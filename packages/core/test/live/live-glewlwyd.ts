import { createServer } from 'node:http'
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from 'jose'

/** Where a Glewlwyd answers whose administrator has the first password: `node scripts/servers/glewlwyd.ts`. */
export const GLEWLWYD_URL = process.env.GLEWLWYD_URL?.replace(/\/$/, '')

export const ISSUER = `${GLEWLWYD_URL}/api/oidc`
export const API = 'https://api.stocktrade.example/'
export const CALLBACK = 'https://agent.behalf.example/callback'
/** Where a browser comes back after a logout. */
const FRONT = 'https://agent.behalf.example/'
export const AGENT = { clientId: 'stock-agent', clientSecret: 'stock-agent-secret' } as const
export const PINGED = { clientId: 'pinged-agent', clientSecret: 'pinged-agent-secret' } as const
export const KEY_AGENT = 'key-agent'
/** Where the server pings. */
const PING_PORT = 8183
/** The longest `requested_expiry` that the server takes; above it, its answer is a bare `invalid_request`. */
const MAX_EXPIRY_SECONDS = 300

type Json = Readonly<Record<string, unknown>>

/** A session of a person who logged in with a password. */
async function session(username: string, password: string) {
  const login = await fetch(`${GLEWLWYD_URL}/api/auth/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
  if (!login.ok) throw new Error(`${username} cannot log in: ${login.status}`)
  const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(path.startsWith('http') ? path : `${GLEWLWYD_URL}/api${path}`, {
      method,
      headers: { cookie, ...(body !== undefined && { 'content-type': 'application/json' }) },
      redirect: 'manual',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
}

/** Makes the OpenID plugin, the clients of the suite, and ann, who trades. */
export async function createGlewlwydRealm() {
  const admin = await session('admin', 'password')
  await admin('POST', '/scope/', scope('trade'))
  await admin('POST', '/scope/', scope('look'))
  await admin('POST', '/user/', {
    ...{ username: 'ann', name: 'Ann Archer', email: 'ann@behalf.example', password: 'a-password', enabled: true },
    scope: ['openid', 'trade', 'g_profile'],
  })
  const signing = await generateKeyPair('RS256', { extractable: true })
  await admin('POST', '/mod/plugin/', {
    ...{ module: 'oidc', name: 'oidc', display_name: 'oidc', enabled: true },
    parameters: plugin(await exportPKCS8(signing.privateKey), await exportSPKI(signing.publicKey)),
  })
  const key = await generateKeyPair('RS256', { extractable: true })
  await admin('POST', '/client/', client(AGENT, { backchannel_token_delivery_mode: 'poll' }))
  await admin(
    'POST',
    '/client/',
    client(PINGED, {
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: `http://127.0.0.1:${PING_PORT}/ping`,
    }),
  )
  const jwks = { keys: [{ ...(await exportJWK(key.publicKey)), kid: 'one', alg: 'RS256' }] }
  await admin(
    'POST',
    '/client/',
    client(
      { clientId: KEY_AGENT },
      {
        ...{ backchannel_token_delivery_mode: 'poll', jwks, token_endpoint_auth_method: ['private_key_jwt'] },
        ...{ token_endpoint_signing_alg: 'RS256', backchannel_authentication_request_signing_alg: 'RS256' },
      },
    ),
  )
  const ann = await session('ann', 'a-password')
  for (const id of [AGENT.clientId, PINGED.clientId, KEY_AGENT]) {
    await ann('PUT', `/auth/grant/${id}`, { scope: 'openid trade' })
  }
  // Her consent to the details of the suite, as the login page would ask for it.
  await ann('PUT', `/oidc/rar/${AGENT.clientId}/order/1`)
  return {
    privateKey: key.privateKey,
    /** Answers the question that the server asks ann now. */
    async answer(bindingMessage: string, answer: 'yes' | 'no'): Promise<void> {
      const waiting = (await (await ann('GET', '/oidc/ciba_user_list')).json()) as readonly Json[]
      const asked = waiting.find(({ binding_message: message }) => message === bindingMessage)
      if (asked === undefined) throw new Error(`ann is not asked ${bindingMessage}`)
      const path = `/oidc/ciba_user_check?user_req_id=${asked.user_req_id}&${answer === 'yes' ? 'g_continue' : 'cancel'}`
      await ann('GET', path)
    },
    /** Follows a link as ann's browser. @returns where the server sends it */
    async browse(url: URL): Promise<URL> {
      const response = await ann('GET', `${url}&g_continue`)
      return new URL(response.headers.get('location') ?? '', url)
    },
    /** Registers a client (RFC 7591), and consents to it. The server answers 200, and not 201 as it should. */
    async register(): Promise<{ readonly clientId: string; readonly clientSecret: string }> {
      const metadata = { client_name: 'registered', redirect_uris: [CALLBACK], response_types: ['code'] }
      const response = await fetch(`${ISSUER}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...metadata,
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: ['authorization_code', 'refresh_token'],
        }),
      })
      const made = (await response.json()) as Json
      await ann('PUT', `/auth/grant/${made.client_id}`, { scope: 'openid' })
      return { clientId: String(made.client_id), clientSecret: String(made.client_secret) }
    },
  }
}

const scope = (name: string) => ({ name, display_name: name, password_required: false })

function client({ clientId, clientSecret }: { readonly clientId: string; readonly clientSecret?: string }, more: Json) {
  return {
    ...{ client_id: clientId, name: clientId, enabled: true, confidential: true, redirect_uri: [CALLBACK] },
    ...(clientSecret !== undefined && {
      client_secret: clientSecret,
      token_endpoint_auth_method: ['client_secret_basic', 'client_secret_post'],
    }),
    authorization_type: [
      ...['code', 'refresh_token', 'client_credentials', 'device_authorization', 'delete_token'],
      'urn:openid:params:grant-type:ciba',
    ],
    scope: ['trade'],
    resource: [API],
    authorization_details_types: ['order'],
    post_logout_redirect_uris: FRONT,
    ...more,
  }
}

function plugin(privateKey: string, publicKey: string): Json {
  return {
    ...{ iss: ISSUER, 'jwt-type': 'rsa', 'jwt-key-size': '256', key: privateKey, cert: publicKey, 'jwks-show': true },
    ...{ 'access-token-duration': 300, 'refresh-token-duration': 86_400, 'code-duration': 60, 'allow-non-oidc': true },
    ...{ 'refresh-token-rolling': false, 'refresh-token-one-use': 'always', 'auth-type-code-revoke-replayed': true },
    ...{ 'auth-type-code-enabled': true, 'auth-type-client-enabled': true, 'auth-type-refresh-enabled': true },
    ...{ 'auth-type-device-enabled': true, 'device-authorization-expiration': 60, 'device-authorization-interval': 1 },
    ...{ 'pkce-allowed': true, 'pkce-required': true, 'pkce-method-plain-allowed': false },
    ...{ 'introspection-revocation-allowed': true, 'introspection-revocation-allow-target-client': true },
    ...{ 'register-client-allowed': true, 'register-client-auth-scope': [] },
    ...{ 'register-client-management-allowed': true, 'register-client-credentials-scope': [] },
    ...{ 'request-parameter-allow': true, 'client-jwks-parameter': 'jwks' },
    ...{ 'resource-allowed': true, 'resource-client-property': 'resource', 'resource-scope': { trade: [API] } },
    'resource-scope-and-client-property': false,
    ...{ 'oauth-par-allowed': true, 'oauth-par-required': false, 'oauth-par-duration': 60 },
    'oauth-par-request_uri-prefix': 'urn:ietf:params:oauth:request_uri:',
    ...{ 'oauth-rar-allowed': true, 'rar-types-client-property': 'authorization_details_types' },
    ...{ 'rar-allow-auth-unsigned': true, 'rar-allow-auth-unencrypted': true },
    'rar-types': { order: { scopes: ['trade'], locations: [API], actions: ['buy'], datatypes: [], enriched: [] } },
    ...{ 'oauth-dpop-allowed': true, 'oauth-dpop-iat-duration': 60, 'oauth-dpop-iat-gap-duration': 30 },
    ...{ 'oauth-ciba-allowed': true, 'oauth-ciba-mode-poll-allowed': true, 'oauth-ciba-mode-ping-allowed': true },
    ...{ 'oauth-ciba-default-expiry': 60, 'oauth-ciba-maximum-expiry': MAX_EXPIRY_SECONDS },
    ...{ 'oauth-ciba-user-code-allowed': false, 'oauth-ciba-email-allowed': false },
    ...{ 'oauth-as-iss-id': true, 'session-management-allowed': true },
    ...{ 'session-cookie-name': 'GLEWLWYD2_OIDC_SESSION', 'session-cookie-expiration': 86_400 },
  }
}

/** Listens for the server's pings, and counts what the handler answered. */
export async function pingEndpoint(handler: (request: Request) => Promise<Response>) {
  const answered: number[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const { method = '', headers } = request
      const init = { method, headers: headers as Record<string, string>, body: Buffer.concat(chunks) }
      const { status } = await handler(new Request(`http://127.0.0.1:${PING_PORT}${request.url}`, init))
      answered.push(status)
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(PING_PORT, '127.0.0.1', resolve))
  return { answered, close: () => new Promise((resolve) => server.close(resolve)) }
}
