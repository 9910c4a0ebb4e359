import { createServer } from 'node:http'

/** Where a Keycloak in development mode answers, with `admin` as its administrator: `node scripts/keycloak.ts`. */
export const KEYCLOAK_URL = process.env.KEYCLOAK_URL?.replace(/\/$/, '')
/** Where it asks people: its own setting, see `scripts/servers/start-keycloak.ts`. */
const CHANNEL_PORT = 8181

export const API = 'https://api.stocktrade.example/'
export const REALM = 'behalf-live'
export const AGENT = { clientId: 'stock-agent', clientSecret: 'stock-agent-secret' } as const
export const CALLBACK = 'https://agent.behalf.example/callback'

type Json = Readonly<Record<string, unknown>>

async function admin(token: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${KEYCLOAK_URL}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function adminToken(): Promise<string> {
  const response = await fetch(`${KEYCLOAK_URL}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }),
  })
  return ((await response.json()) as { readonly access_token: string }).access_token
}

/** A realm with the agent, an API that its tokens are exchanged for, and ann, who trades. */
export async function createRealm(): Promise<{
  readonly annId: string
  setRoles(roles: readonly string[]): Promise<void>
}> {
  const token = await adminToken()
  await admin(token, 'DELETE', `/${REALM}`)
  // Nothing but its name first: scopes that are given here would replace the built-in ones, `sub` among them.
  const attributes = { cibaBackchannelTokenDeliveryMode: 'poll', cibaInterval: '1', cibaExpiresIn: '60' }
  await admin(token, 'POST', '', { realm: REALM, enabled: true, sslRequired: 'none', attributes })
  await admin(token, 'POST', `/${REALM}/roles`, { name: 'trader' })
  await admin(token, 'POST', `/${REALM}/clients`, { clientId: API, secret: 'api-secret', standardFlowEnabled: false })
  const [api] = (await admin(token, 'GET', `/${REALM}/clients?clientId=${encodeURIComponent(API)}`)) as [Json]
  await admin(token, 'POST', `/${REALM}/clients/${api.id}/roles`, { name: 'viewer' })
  await admin(token, 'POST', `/${REALM}/client-scopes`, {
    name: 'trade',
    protocol: 'openid-connect',
    attributes: { 'include.in.token.scope': 'true' },
    protocolMappers: [audience('api', API)],
  })
  await admin(token, 'POST', `/${REALM}/clients`, {
    ...{ clientId: AGENT.clientId, secret: AGENT.clientSecret, redirectUris: [CALLBACK] },
    attributes: {
      'standard.token.exchange.enabled': 'true',
      'oidc.ciba.grant.enabled': 'true',
      'oauth2.device.authorization.grant.enabled': 'true',
    },
    // Keycloak's exchange wants the requester in the subject token's audience.
    protocolMappers: [audience('self', AGENT.clientId)],
  })
  const [agent] = (await admin(token, 'GET', `/${REALM}/clients?clientId=${AGENT.clientId}`)) as [Json]
  const scopes = (await admin(token, 'GET', `/${REALM}/client-scopes`)) as readonly Json[]
  const trade = scopes.find(({ name }) => name === 'trade')
  await admin(token, 'PUT', `/${REALM}/clients/${agent.id}/optional-client-scopes/${trade?.id}`)
  await admin(token, 'POST', `/${REALM}/users`, {
    ...{ username: 'ann', email: 'ann@behalf.example', emailVerified: true, firstName: 'Ann', lastName: 'Archer' },
    enabled: true,
    credentials: [{ type: 'password', value: 'a-password' }],
  })
  const [ann] = (await admin(token, 'GET', `/${REALM}/users?username=ann`)) as [Json]
  const trader = await admin(token, 'GET', `/${REALM}/roles/trader`)
  const viewer = await admin(token, 'GET', `/${REALM}/clients/${api.id}/roles/viewer`)
  await admin(token, 'POST', `/${REALM}/users/${ann.id}/role-mappings/clients/${api.id}`, [viewer])
  const setRoles = async (roles: readonly string[]) => {
    const method = roles.includes('trader') ? 'POST' : 'DELETE'
    await admin(await adminToken(), method, `/${REALM}/users/${ann.id}/role-mappings/realm`, [trader])
  }
  await setRoles(['trader'])
  return { annId: String(ann.id), setRoles }
}

function audience(name: string, client: string): Json {
  return {
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'access.token.claim': 'true' },
  }
}

/** Logs ann in at Keycloak's own page: the code that its redirect brings. */
export async function browse(url: URL): Promise<URL> {
  const page = await fetch(url, { redirect: 'manual' })
  const cookie = page.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
  const action = /action="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&')
  const answer = await fetch(action ?? '', {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ username: 'ann', password: 'a-password' }),
    redirect: 'manual',
  })
  return new URL(answer.headers.get('location') ?? '')
}

/** What Keycloak asks a person's device. */
export interface AskedDevice {
  readonly loginHint: unknown
  readonly bindingMessage: unknown
  answer(status: 'SUCCEED' | 'UNAUTHORIZED'): Promise<number>
}

/** Plays the device of Keycloak's HTTP channel. */
export async function openDevice() {
  const asked: AskedDevice[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk
    })
    request.on('end', () => {
      const body = JSON.parse(text) as Json
      const { authorization = '' } = request.headers
      asked.push({
        loginHint: body.login_hint,
        bindingMessage: body.binding_message,
        answer: async (status) => {
          const callback = `${KEYCLOAK_URL}/realms/${REALM}/protocol/openid-connect/ext/ciba/auth/callback`
          const headers = { authorization, 'content-type': 'application/json' }
          return (await fetch(callback, { method: 'POST', headers, body: JSON.stringify({ status }) })).status
        },
      })
      response.writeHead(201).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(CHANNEL_PORT, '127.0.0.1', resolve))
  return { asked, close: () => new Promise((resolve) => server.close(resolve)) }
}
