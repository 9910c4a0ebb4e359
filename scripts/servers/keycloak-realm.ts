/**
 * Address of a Keycloak with the administrator `admin`: start it with `node scripts/keycloak.ts`. Without it, the
 * suites do not run.
 */
export const KEYCLOAK_URL = process.env.KEYCLOAK_URL?.replace(/\/$/, '')

if (KEYCLOAK_URL === undefined) console.log('not run: KEYCLOAK_URL does not say where a Keycloak answers')

type Json = Readonly<Record<string, unknown>>

/** A realm of its own for each suite, made by Keycloak's admin API. It has one user, ann. */
export interface Realm {
  readonly issuer: string
  /** The `sub` of ann. */
  readonly annId: string
  /**
   * Sends a request of the admin API for this realm. @returns `undefined` if the response has no body, or nothing was
   * found
   */
  admin(method: string, path: string, body?: unknown): Promise<unknown>
  /** Creates a client. @returns its internal id */
  client(representation: Json & { readonly clientId: string }): Promise<string>
  /** Creates a client scope that the clients may request. */
  scope(name: string, clients: readonly string[], mappers?: readonly Json[]): Promise<void>
  /**
   * Signs ann in on Keycloak's own pages, and consents if they ask.
   * @param cookies - Those of a browser that visited before.
   * @returns The last address of the browser.
   */
  browse(url: URL | string, consent?: 'yes' | 'no', cookies?: Map<string, string>): Promise<URL>
}

/** Creates the realm, and replaces one of an earlier run. */
export async function createRealm(name: string, settings: Json = {}): Promise<Realm> {
  let token: { readonly text: string; readonly until: number } | undefined
  const send = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    if (token === undefined || token.until < Date.now()) token = await adminToken()
    const response = await fetch(`${KEYCLOAK_URL}/admin/realms${path}`, {
      method,
      headers: { authorization: `Bearer ${token.text}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  await send('DELETE', `/${name}`)
  // Names no scopes: they would replace the built-in ones, including `sub`.
  await send('POST', '', { realm: name, enabled: true, sslRequired: 'none', ...settings })
  const admin = (method: string, path: string, body?: unknown) => send(method, `/${name}${path}`, body)
  const idOf = async (clientId: string) => {
    const [found] = (await admin('GET', `/clients?clientId=${encodeURIComponent(clientId)}`)) as readonly Json[]
    return String(found?.id)
  }
  await admin('POST', '/users', {
    ...{ username: 'ann', email: 'ann@behalf.example', emailVerified: true, firstName: 'Ann', lastName: 'Archer' },
    enabled: true,
    credentials: [{ type: 'password', value: 'a-password' }],
  })
  const [ann] = (await admin('GET', '/users?username=ann')) as readonly Json[]
  return {
    issuer: `${KEYCLOAK_URL}/realms/${name}`,
    annId: String(ann?.id),
    admin,
    browse,
    async client(representation) {
      await admin('POST', '/clients', representation)
      return idOf(representation.clientId)
    },
    async scope(scope, clients, mappers = []) {
      const attributes = { 'include.in.token.scope': 'true' }
      const made = { name: scope, protocol: 'openid-connect', attributes, protocolMappers: mappers }
      await admin('POST', '/client-scopes', made)
      const all = (await admin('GET', '/client-scopes')) as readonly Json[]
      const { id } = all.find((one) => one.name === scope) ?? {}
      for (const clientId of clients)
        await admin('PUT', `/clients/${await idOf(clientId)}/optional-client-scopes/${id}`)
    },
  }
}

async function adminToken() {
  const response = await fetch(`${KEYCLOAK_URL}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' }),
  })
  // Keycloak's default is one minute.
  return {
    text: ((await response.json()) as { readonly access_token: string }).access_token,
    until: Date.now() + 30_000,
  }
}

/** Makes a mapper that adds a client to the audience of access tokens, and if requested of lightweight ones. */
export function audience(name: string, client: string, lightweight = 'false'): Json {
  return {
    name,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'access.token.claim': 'true', 'lightweight.claim': lightweight },
  }
}

/** Follows Keycloak's pages from an address to the end, and keeps cookies like a browser. */
async function browse(
  start: URL | string,
  consent: 'yes' | 'no' = 'yes',
  /** Cookies by path and name: each realm has its own cookies with the same names. */
  cookies = new Map<string, string>(),
): Promise<URL> {
  let next: Step = { url: String(start) }
  for (let steps = 0; steps < 12; steps++) {
    const { url, body } = next
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: cookiesFor(new URL(url).pathname, cookies) },
      ...(body && { method: 'POST', body }),
    })
    for (const one of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(one) ?? []
      cookies.set(`${/;\s*path=([^;]*)/i.exec(one)?.[1] ?? '/'} ${name}`, value)
    }
    const location = response.headers.get('location')
    if (location === null) {
      const answer = formOf(await response.text(), consent)
      if (answer === undefined) return new URL(url)
      next = { ...answer, url: new URL(answer.url, url).href }
    } else {
      next = { url: new URL(location, url).href }
      if (!next.url.startsWith(`${KEYCLOAK_URL}/`)) return new URL(next.url)
    }
  }
  throw new Error(`Keycloak's pages do not end: ${next.url}`)
}

function cookiesFor(path: string, cookies: ReadonlyMap<string, string>): string {
  const fitting = [...cookies].filter(([key]) => path.startsWith(key.split(' ')[0] ?? ''))
  return fitting.map(([key, value]) => `${key.split(' ')[1]}=${value}`).join('; ')
}

interface Step {
  readonly url: string
  readonly body?: URLSearchParams
}

/** Returns ann's answer to a page: her password, or her consent. @returns `undefined` if the page asks for nothing */
function formOf(page: string, consent: 'yes' | 'no'): Step | undefined {
  const url = /<form[^>]*\baction="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
  if (url === undefined) return undefined
  if (page.includes('name="password"')) {
    return { url, body: new URLSearchParams({ username: 'ann', password: 'a-password', credentialId: '' }) }
  }
  const code = /name="code" value="([^"]+)"/.exec(page)?.[1]
  if (code === undefined) return undefined
  return { url, body: new URLSearchParams({ code, [consent === 'yes' ? 'accept' : 'cancel']: consent }) }
}
