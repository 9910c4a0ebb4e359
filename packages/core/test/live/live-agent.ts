import { createServer } from 'node:http'
import { audience, createRealm, KEYCLOAK_URL, type Realm } from '../../../../scripts/servers/keycloak-realm.ts'
import { type KeycloakOptions, keycloak } from '../../src/entrypoints/providers.ts'
import { allowInsecureLoopback, type Profile } from '../../src/index.ts'
import { type Login, signInAt } from './live-sign-in.ts'

/** Where Keycloak asks people: its own setting, see `scripts/servers/start-keycloak.ts`. */
const CHANNEL_PORT = 8181

export const API = 'https://api.stocktrade.example/'
export const AGENT = { clientId: 'stock-agent', clientSecret: 'stock-agent-secret' } as const
export const CALLBACK = 'https://agent.behalf.example/callback'
/** Where a browser comes back after a logout. */
export const FRONT = 'https://agent.behalf.example/'

/** Keycloak's switches of a client for which tokens are exchanged and people are asked. */
export const AGENT_SWITCHES = {
  'standard.token.exchange.enabled': 'true',
  'standard.token.exchange.enableRefreshRequestedTokenType': 'SAME_SESSION',
  'oidc.ciba.grant.enabled': 'true',
  'oauth2.device.authorization.grant.enabled': 'true',
}

/** A realm with the agent, and an API that its tokens are exchanged for. */
export async function createAgentRealm(name: string, settings: Readonly<Record<string, unknown>> = {}) {
  const attributes = { cibaBackchannelTokenDeliveryMode: 'poll', cibaInterval: '1', cibaExpiresIn: '60' }
  const realm = await createRealm(name, { attributes, ...settings })
  const apiId = await realm.client({
    ...{ clientId: API, secret: 'api-secret', standardFlowEnabled: false },
    attributes: AGENT_SWITCHES,
  })
  await realm.client({
    ...{ clientId: AGENT.clientId, secret: AGENT.clientSecret, redirectUris: [CALLBACK], serviceAccountsEnabled: true },
    attributes: { ...AGENT_SWITCHES, 'post.logout.redirect.uris': FRONT },
    // Keycloak's exchange wants the requester in the subject token's audience.
    protocolMappers: [audience('self', AGENT.clientId)],
  })
  await realm.scope('trade', [AGENT.clientId], [audience('api', API)])
  return { ...realm, apiId }
}

/** The agent's profile at the realm. */
export function profileAt(name: string, over: Partial<KeycloakOptions> = AGENT): Profile {
  return keycloak({
    url: KEYCLOAK_URL ?? 'http://127.0.0.1',
    realm: name,
    clientId: AGENT.clientId,
    loginHint: () => 'ann',
    [allowInsecureLoopback]: true,
    ...over,
  })
}

/** Signs ann in, as the agent or as another client of the realm. */
export const login = (
  { issuer, browse }: Realm,
  { profile = profileAt(issuer.split('/').at(-1) ?? ''), ...options }: Login & { readonly profile?: Profile } = {},
) => signInAt(profile, CALLBACK, browse, options)

/** What Keycloak asks a person's device. */
export interface AskedDevice {
  readonly loginHint: unknown
  readonly bindingMessage: unknown
  answer(status: 'SUCCEED' | 'UNAUTHORIZED' | 'CANCELLED'): Promise<number>
}

/** Plays the device of Keycloak's HTTP channel. */
export async function openDevice({ issuer }: Realm) {
  const asked: AskedDevice[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk
    })
    request.on('end', () => {
      const body = JSON.parse(text) as Readonly<Record<string, unknown>>
      const { authorization = '' } = request.headers
      asked.push({
        loginHint: body.login_hint,
        bindingMessage: body.binding_message,
        answer: async (status) => {
          const headers = { authorization, 'content-type': 'application/json' }
          const callback = `${issuer}/protocol/openid-connect/ext/ciba/auth/callback`
          return (await fetch(callback, { method: 'POST', headers, body: JSON.stringify({ status }) })).status
        },
      })
      response.writeHead(201).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(CHANNEL_PORT, '127.0.0.1', resolve))
  return { asked, close: () => new Promise((resolve) => server.close(resolve)) }
}
