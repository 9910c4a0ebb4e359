import { memoryStore } from '@behalf/core'
import { type Entries, port, type Watch } from '@behalf/testing/late-reads'
import {
  clientMetadataHandler,
  createMcpSession,
  employeeAccess,
  loopbackSignIn,
  type McpAccess,
  machineAccess,
} from '../../src/client/index.ts'
import { backFrom, issuer, redirectUri, servers, serverUrl } from '../client/metadata-servers.ts'
import { v2 } from '../clients.ts'

const METADATA_URL = 'https://app.example/client.json'

const client = () => ({
  name: 'x',
  redirectUri,
  scopes: ['a', 'b'],
  metadataUrl: METADATA_URL,
  registered: { 'https://other.example': { client_id: 'c', redirect_uris: [redirectUri] } },
  authorizationOrigins: { [issuer]: ['https://pages.example'] },
  deviceLogin: true,
})

/** A session at an issuer with a device login, and what was shown and asked. */
function session(watch?: Watch) {
  const { fetch, asked } = servers({ device_authorization_endpoint: `${issuer}/device` })
  const shown: string[] = []
  const options = {
    serverUrl,
    owner: 'ann',
    client: client(),
    showSignIn: (url: URL) => void shown.push(url.href),
    store: port(memoryStore()),
    keys: undefined,
    trustedHosts: ['as.internal'],
    timeoutMs: 5000,
    signInSeconds: 60,
    dpop: false,
    fetch,
  }
  const made = watch
    ? watch.call(() => createMcpSession(watch.given(options) as never))
    : createMcpSession(options as never)
  return { made, shown, asked }
}

const access = () => ({
  serverUrl,
  issuer,
  clientId: 'c',
  scopes: ['a'],
  trustedHosts: ['as.internal'],
  timeoutMs: 5000,
})

/** Connects, and says for which scopes a token was asked. */
async function asksAt(endpoint: string, made: McpAccess, { asked }: ReturnType<typeof servers>) {
  await v2.connect(made, serverUrl).catch(() => {})
  return new URLSearchParams(asked.find(({ url }) => url === endpoint)?.body).get('scope')
}

async function requests(watch: Watch, made: McpAccess) {
  const init = { method: 'POST', headers: { accept: 'application/json' }, body: '{}', redirect: 'manual' as const }
  return (await watch.call(() => made.fetch(`${issuer}/token`, watch.given(init, 'init')))).status
}

export const clientEntries: Entries = {
  createMcpSession: [
    async (watch) => {
      const { made, shown } = session(watch)
      await v2.connect(made, serverUrl).catch(() => {})
      await made.finishSignIn(backFrom(shown[0], { code: 'c' }))
      return made.authProvider.tokens()
    },
    { access_token: 'a-token' },
  ],
  'session.fetch': [(watch) => requests(watch, session().made), 200],
  'session.finishSignIn': [
    async (watch) => {
      const { made, shown, asked } = session()
      await v2.connect(made, serverUrl).catch(() => {})
      const callback = new URL(backFrom(shown[0], { code: 'anns' })).searchParams
      await watch.call(() => made.finishSignIn(watch.given(callback, 'callback')))
      return new URLSearchParams(asked.find(({ url }) => url === `${issuer}/token`)?.body).get('code')
    },
    'anns',
  ],
  'session.signInByDevice': [
    async (watch) => {
      const { made, asked } = session()
      const { signal } = new AbortController()
      const options = watch.given({ show: () => {}, scopes: ['a'], signal })
      await watch.call(() => made.signInByDevice(options)).catch(() => {})
      return new URLSearchParams(asked.find(({ url }) => url === `${issuer}/device`)?.body).get('scope')
    },
    'a',
  ],
  clientMetadataHandler: [
    async (watch) => {
      const handler = watch.call(() => clientMetadataHandler(watch.given(client(), 'client') as never))
      return handler({ url: METADATA_URL, method: 'GET' })?.json()
    },
    { client_id: METADATA_URL, scope: 'a b offline_access' },
  ],
  loopbackSignIn: [
    async (watch) => {
      const options = {
        open: (url: URL) => void fetch(url),
        port: 0,
        timeoutSeconds: 30,
        signal: AbortSignal.timeout(30_000),
      }
      const browser = await watch.call(() => loopbackSignIn(watch.given(options)))
      try {
        await browser.show(new URL(`${browser.redirectUri}?state=s&code=c`))
        return (await browser.callback()).searchParams.get('code')
      } finally {
        await browser.close()
      }
    },
    'c',
  ],
  machineAccess: [
    async (watch) => {
      const server = servers({}, { scopes_supported: undefined })
      const options = { ...access(), clientSecret: 's', fetch: server.fetch }
      return asksAt(
        `${issuer}/token`,
        watch.call(() => machineAccess(watch.given(options))),
        server,
      )
    },
    'a',
  ],
  'access.fetch': [
    (watch) => requests(watch, machineAccess({ ...access(), clientSecret: 's', fetch: servers().fetch })),
    200,
  ],
  employeeAccess: [
    async (watch) => {
      const server = servers()
      const tokenEndpoint = `${issuer}/idp`
      const identityProvider = {
        issuer: 'https://idp.example',
        tokenEndpoint,
        clientId: 'i',
        clientSecret: 't',
        idToken: () => 'id',
      }
      const options = { ...access(), clientSecret: 's', fetch: server.fetch, identityProvider }
      return asksAt(
        tokenEndpoint,
        watch.call(() => employeeAccess(watch.given(options))),
        server,
      )
    },
    'a',
  ],
}
