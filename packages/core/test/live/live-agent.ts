import { createServer } from 'node:http'
import * as client from 'openid-client'
import { audience, createRealm, KEYCLOAK_URL, type Realm } from '../../../../scripts/servers/keycloak-realm.ts'
import { type DpopKeyPair, type KeycloakOptions, keycloak } from '../../src/entrypoints/providers.ts'
import { allowInsecureLoopback, type Profile } from '../../src/index.ts'

/** Where Keycloak asks people: its own setting, see `scripts/servers/start-keycloak.ts`. */
const CHANNEL_PORT = 8181

export const API = 'https://api.stocktrade.example/'
export const AGENT = { clientId: 'stock-agent', clientSecret: 'stock-agent-secret' } as const
export const CALLBACK = 'https://agent.behalf.example/callback'

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
    attributes: AGENT_SWITCHES,
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

export interface LoginOptions {
  readonly scope?: string
  readonly clientId?: string
  readonly authentication?: client.ClientAuth
  /** Sends the request itself to the server first (RFC 9126). */
  readonly pushed?: boolean
  readonly dpop?: DpopKeyPair
  readonly parameters?: Readonly<Record<string, string>>
}

/** Signs ann in by code and PKCE, with the library that apps use for it. */
export async function login({ issuer, browse }: Realm, options: LoginOptions = {}) {
  const { clientId = AGENT.clientId, authentication = client.ClientSecretPost(AGENT.clientSecret) } = options
  const insecure = { execute: [client.allowInsecureRequests] }
  const configuration = await client.discovery(new URL(issuer), clientId, {}, authentication, insecure)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
  const parameters = {
    ...{ redirect_uri: CALLBACK, scope: options.scope ?? 'openid', state: expectedState, nonce: expectedNonce },
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...options.parameters,
  }
  const dpop = options.dpop && { DPoP: client.getDPoPHandle(configuration, options.dpop) }
  const build = options.pushed === true ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl
  const url = await build(configuration, parameters, dpop)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce }
  const tokens = await client.authorizationCodeGrant(configuration, await browse(url), checks, undefined, dpop)
  return { tokens, nonce: expectedNonce, url }
}

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
