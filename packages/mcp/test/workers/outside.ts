import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { memoryStore, type Store } from '@behalf/core'
import { createMockAuthorizationServer } from '@behalf/testing'
import { AGENT, API, CALLBACK, FGA, fromWire, ISSUER, MCP, MODEL, OPAQUE, STORE, toWire } from './places.ts'

/** Time by which all clocks are ahead, in milliseconds. */
let offset = 0
const clock = { now: () => Date.now() + offset }

export const time = {
  get offset() {
    return offset
  },
  advance(seconds: number) {
    offset += seconds * 1000
  },
}

const clientSecret = 'secret'

/** The issuer. Ann is signed in there. */
export const issuer = createMockAuthorizationServer({
  issuer: ISSUER,
  clients: [
    { clientId: 'web', clientSecret, redirectUris: [CALLBACK], actor: { subject: 'agent:trader' } },
    { clientId: 'api', clientSecret, api: OPAQUE },
    { clientId: 'mcp', clientSecret },
  ],
  users: [{ subject: 'ann' }],
  resources: [
    { identifier: AGENT, scopes: ['chat'], accessTokenSeconds: 600 },
    { identifier: API, scopes: ['orders'] },
    { identifier: OPAQUE, scopes: ['orders'], opaque: true },
    { identifier: MCP, scopes: ['mcp:tools'] },
  ],
  clock,
})
await issuer.controls.signInAs('ann')

/** Headers with a token of a client for a resource. */
export async function bearer(resource: string, scope: string): Promise<{ readonly authorization: string }> {
  const headers = { authorization: `Basic ${btoa(`web:${clientSecret}`)}` }
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource, scope })
  const answered = await issuer.handle(new Request(`${ISSUER}/oauth/token`, { method: 'POST', headers, body }))
  const granted: { readonly access_token?: string } | undefined = await answered?.json()
  return { authorization: `Bearer ${granted?.access_token}` }
}

const stores = new Map<string, Store>()

/** Calls a memory store: the address names the store and the method. */
async function storeAnswer(request: Request): Promise<Response> {
  const [, name = '', method = ''] = new URL(request.url).pathname.split('/')
  const store = stores.get(name) ?? memoryStore({ clock })
  stores.set(name, store)
  const methods = store as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>
  return new Response(toWire({ result: await methods[method]?.(...(fromWire(await request.text()) as unknown[])) }))
}

/** An OpenFGA server that allows everything. */
async function fgaAnswer(request: Request): Promise<Response> {
  const { checks = [] } = (await request.json()) as { readonly checks?: readonly { readonly correlation_id: string }[] }
  const result = Object.fromEntries(checks.map((check) => [check.correlation_id, { allowed: true }]))
  return Response.json({ allowed: true, result }, { headers: { 'openfga-authorization-model-id': MODEL } })
}

/** The stores fail from the answer to this request on. */
export const outage = { after: '', isOn: false }

async function answer(request: Request): Promise<Response | undefined> {
  outage.isOn ||= request.url === outage.after
  switch (new URL(request.url).origin) {
    case ISSUER:
      return issuer.handle(request)
    case STORE:
      return outage.isOn ? new Response(null, { status: 503 }) : storeAnswer(request)
    case FGA:
      return fgaAnswer(request)
    case API:
      return Response.json({ id: 'order-1' })
    default:
      return undefined
  }
}

/** A request that is never answered. */
export interface Held {
  /** Resolves when its sender has given it up. */
  readonly givenUp: Promise<void>
}

/** Every server that a Worker can reach, behind one port. */
export interface Outside {
  readonly port: number
  /** Holds the next request to an address that begins so. */
  hold(address: string): Promise<Held>
  close(): Promise<void>
}

export async function openOutside(): Promise<Outside> {
  const wanted = new Map<string, (held: Held) => void>()
  const handle = async (request: Request, response: ServerResponse) => {
    for (const [address, found] of wanted) {
      if (!request.url.startsWith(address)) continue
      wanted.delete(address)
      return found({ givenUp: new Promise((resolve) => response.once('close', () => resolve())) })
    }
    const answered = (await answer(request)) ?? new Response(null, { status: 404 })
    response.writeHead(answered.status, Object.fromEntries(answered.headers))
    response.end(new Uint8Array(await answered.arrayBuffer()))
  }
  const server = createServer(async (incoming, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method = 'GET', url = '/', headers } = incoming
    const request = new Request(`https://${headers.host}${url}`, {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
    await handle(request, response).catch((error: Error) => response.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    hold: (address) => new Promise((found) => wanted.set(address, found)),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
