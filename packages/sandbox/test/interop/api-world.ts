import {
  allowInsecureLoopback,
  createGuard,
  type Guard,
  type GuardOptions,
  memoryStore,
  type Profile,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { type DpopKey, oidc } from '@behalf/core/providers'
import { createResourceServer, type ProtectOptions } from '@behalf/core/resource-server'
import { type LoginOptions, login, type TargetClient } from '@behalf/testing'
import { fetchListener } from '../../src/http/fetch-listener.ts'
import { listen } from '../../src/http/listen.ts'
import { type SandboxAuthorizationServer, startAuthorizationServer } from '../../src/index.ts'

const AGENT = 'https://agent.behalf.example/'
const redirectUri = 'https://agent.behalf.example/callback'
const client: TargetClient = {
  clientId: 'agent',
  authentication: { method: 'client_secret_basic', clientSecret: 'the-secret-of-the-agent' },
  redirectUri,
}

/** A request on the wire, as its sender saw it. */
export interface Sent {
  readonly url: string
  readonly origin: string
  readonly headers: Headers
  readonly status: number
  /** Of the answer. */
  readonly nonce: string | null
}

/** An API on a port of its own, a guard's store, and everything that guards sent. */
export interface ApiWorld {
  readonly server: SandboxAuthorizationServer
  readonly api: { readonly origin: string; readonly resource: string }
  readonly sent: Sent[]
  /** What requests to the API need. */
  rules: ProtectOptions
  /** Ids of tokens that the API takes no longer. */
  readonly withdrawn: Set<string>
  /** Ids of the tokens that the API let in, in order. */
  readonly admitted: string[]
  /** Restarts the API: it knows none of the nonces that it gave. */
  restartApi(): void
  /** A guard as a process of its own would make it, over the store that all of them share. */
  guard(over?: Partial<GuardOptions>): Guard
  signIn(options?: Partial<LoginOptions>): Promise<UserIdentity>
  /** Token requests of guards that were answered with a token. */
  exchanges(): number
}

/** Starts an authorization server and an API that is protected by core's own half, both over HTTP. */
export async function apiWorld(end: (close: () => Promise<void>) => void, dpop?: DpopKey): Promise<ApiWorld> {
  const port = await listen(0)
  const resource = `${port.origin}/`
  const server = await startAuthorizationServer({
    clients: [
      {
        clientId: client.clientId,
        clientSecret: 'the-secret-of-the-agent',
        redirectUris: [redirectUri],
        api: AGENT,
        actor: { subject: 'agent:reader' },
      },
    ],
    users: [{ subject: 'ann' }],
    resources: [
      { identifier: AGENT, scopes: ['chat'] },
      { identifier: resource, scopes: ['notes:read', 'notes:write'] },
    ],
  })
  end(async () => {
    await port.close()
    await server.close()
  })
  const profile = profileAt(server.issuer, dpop)
  const sent: Sent[] = []
  const store = memoryStore()
  const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const
  const newApi = () =>
    createResourceServer({
      authorizationServer: profileAt(server.issuer),
      audience: resource,
      actors: { allow: ['agent:reader'], required: true },
      ...(dpop && {
        dpop: { store: memoryStore(), required: true, nonces: { secret: crypto.getRandomValues(new Uint8Array(32)) } },
      }),
    })
  let api = newApi()
  const world: ApiWorld = {
    server,
    api: { origin: port.origin, resource },
    sent,
    rules: {},
    withdrawn: new Set(),
    admitted: [],
    restartApi: () => {
      api = newApi()
    },
    guard: (over) =>
      createGuard({
        authorizationServer: profile,
        agent: { name: 'agent:reader' },
        store,
        keys,
        fetch: recording(sent),
        ...over,
      }),
    async signIn(options = {}) {
      const target = { authorizationServer: server, clients: { agent: client } }
      const { accessToken } = await login(target, { user: 'ann', client, profile, resource: AGENT, ...options })
      const identity = await verifyAccessToken(accessToken, {
        authorizationServer: profile,
        audience: AGENT,
        boundTo: dpop,
      })
      if (identity.kind !== 'user') throw new TypeError('the login was of no user')
      return identity
    },
    exchanges: () => sent.filter(({ url, status }) => url === `${server.issuer}/oauth/token` && status === 200).length,
  }
  port.serve(
    fetchListener(port.origin, async (request) => {
      const result = await api.protect(request, world.rules)
      if (!result.ok) return result.response
      const { tokenId, headers, identity } = result
      if (world.withdrawn.has(tokenId)) {
        const challenge = `${result.scheme} error="invalid_token"`
        return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
      }
      world.admitted.push(tokenId)
      return Response.json(
        { of: identity.kind === 'user' && identity.subject, said: await request.text() },
        { headers },
      )
    }),
  )
  return world
}

function profileAt(issuer: string, dpop?: DpopKey): Profile {
  return oidc({
    issuer,
    clientId: client.clientId,
    clientAuthentication: client.authentication,
    [allowInsecureLoopback]: true,
    ...(dpop && { dpop }),
  })
}

function recording(sent: Sent[]): NonNullable<GuardOptions['fetch']> {
  return async (input, init) => {
    const response = await fetch(input, init)
    const url = input instanceof Request ? input.url : String(input)
    const { origin } = new URL(url)
    const nonce = response.headers.get('dpop-nonce')
    sent.push({ url, origin, headers: new Headers(init?.headers), status: response.status, nonce })
    return response
  }
}
