import {
  allowInsecureLoopback,
  createGuard,
  currentCall,
  type Guard,
  may,
  memoryStore,
  type Outcome,
  object,
  type Profile,
  policy,
  resource,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { connectAccounts } from '@behalf/core/http'
import { createSignIn, type SignInAnswer } from '@behalf/core/identity'
import { roleMap } from '@behalf/core/roles'
import { type StoredVault, storedVault } from '@behalf/core/vault'
import { profileOf } from '@behalf/testing'
import * as z from 'zod'
import { fetchListener } from '../../src/http/fetch-listener.ts'
import { listen } from '../../src/http/listen.ts'
import type { Sandbox } from '../../src/index.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})

/** What one browser has: a user, and the call that its last line led to. */
interface Session {
  readonly identity?: UserIdentity
  readonly call?: { readonly line: string; readonly id: string; readonly order: z.infer<typeof Order> }
}

/** A chat with the stock agent, as an app would have it: login by redirect, guard, connected accounts. */
export interface ChatApp {
  readonly url: string
  readonly vault: StoredVault
  identityOf(subject: string): UserIdentity | undefined
  close(): Promise<void>
}

const AUDIENCE = 'https://agent.behalf.example/'

/** @param lifetimeSeconds - Of an approval. */
export async function startChatApp(sandbox: Sandbox, lifetimeSeconds = 120): Promise<ChatApp> {
  const port = await listen(0)
  const profile = profileOf(sandbox.target, sandbox.target.clients.agent)
  const sessions = new Map<string, Session>()
  const vault = vaultOf(sandbox)
  const sessionOf = (request: Request) => /chat=([\w-]+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? ''
  const connections = connectAccounts({
    linker: vault.accounts,
    identityOf: (request) => sessions.get(sessionOf(request))?.identity,
    store: memoryStore(),
    baseUrl: `${port.origin}/connections`,
  })
  const signIn = createSignIn({
    authorizationServer: profile,
    store: memoryStore(),
    redirectUri: `${port.origin}/callback`,
    scopes: ['profile', 'chat'],
    resource: AUDIENCE,
  })
  const run = runOf(sandbox, guardOf(sandbox, profile), lifetimeSeconds)
  port.serve(
    fetchListener(port.origin, async (request) => {
      const url = new URL(request.url)
      const id = sessionOf(request)
      const session = sessions.get(id) ?? {}
      if (url.pathname.startsWith('/connections')) return connections(request)
      if (url.pathname === '/callback') {
        const fresh = crypto.randomUUID()
        sessions.set(fresh, { identity: await signedIn(await signIn.complete(request), profile) })
        return redirect('/', `chat=${fresh}; Path=/; HttpOnly; SameSite=Lax`)
      }
      if (session.identity === undefined) {
        const begun = await signIn.start(request)
        return redirect(begun.url, begun.cookie)
      }
      if (request.method === 'POST') {
        const line = new URLSearchParams(await request.text()).get('line') ?? ''
        sessions.set(id, {
          ...session,
          call: { line, id: crypto.randomUUID(), order: orderOf(line, session.identity) },
        })
        return redirect('/')
      }
      return chatPage(session, session.call && (await run(session.identity, session.call.id, session.call.order)))
    }),
  )
  const identities = () => [...sessions.values()].flatMap(({ identity }) => identity ?? [])
  return {
    url: port.origin,
    vault,
    identityOf: (subject) => identities().find((identity) => identity.subject === subject),
    close: port.close,
  }
}

function orderOf(line: string, { subject }: UserIdentity): z.infer<typeof Order> {
  const [, side = '', quantity, symbol] = /^(Buy|Sell) (\d+) shares of ([A-Z]+)$/.exec(line) ?? []
  return Order.parse({ portfolio: `p-${subject}`, side: side.toLowerCase(), quantity: Number(quantity), symbol })
}

function chatPage({ identity, call }: Session, outcome: Outcome<string> | undefined): Response {
  const waits = outcome?.status === 'interrupted' || outcome?.status === 'unavailable'
  const answer =
    outcome === undefined
      ? ''
      : outcome.status === 'done'
        ? outcome.result
        : outcome.status === 'interrupted'
          ? 'Waiting for your phone.'
          : outcome.message
  // Only what this file wrote: no escaping needed.
  return new Response(
    `<!doctype html><title>Chat</title>${waits ? '<meta http-equiv="refresh" content="1">' : ''}
<p>Signed in as ${identity?.subject}</p><p id="line">${call?.line ?? ''}</p><p id="answer">${answer}</p>
<form method="post" action="/"><input name="line" aria-label="Say"><button>Send</button></form>`,
    { headers: { 'content-type': 'text/html' } },
  )
}

function redirect(location: string, cookie?: string): Response {
  return new Response(null, { status: 303, headers: { location, ...(cookie && { 'set-cookie': cookie }) } })
}

async function signedIn(answer: SignInAnswer, authorizationServer: Profile): Promise<UserIdentity> {
  if (answer.status !== 'signed_in') throw new TypeError(answer.detail)
  const identity = await verifyAccessToken(answer.tokens.accessToken, { authorizationServer, audience: AUDIENCE })
  if (identity.kind !== 'user') throw new TypeError('no user logged in')
  return identity
}

function vaultOf({ settings }: Sandbox): StoredVault {
  return storedVault({
    store: memoryStore(),
    connections: {
      stocktrade: {
        label: 'Stock Trade',
        issuer: settings.upstreamIssuer,
        ...settings.accountsClient,
        scopes: ['portfolio:read'],
        alwaysScopes: ['openid', 'offline_access'],
        resource: settings.api.resource,
        refresh: { rotates: true },
        [allowInsecureLoopback]: true,
      },
    },
  })
}

function guardOf({ settings }: Sandbox, authorizationServer: Profile): Guard {
  return createGuard({
    authorizationServer,
    agent: { name: settings.agentName, ceiling: ['trade:write', 'trade:small'] },
    permissions: openFga(settings.openFga),
    roles: roleMap({ claim: 'roles', scopes: { trader: ['trade:write', 'trade:small'] } }),
    approvals: ciba(),
  })
}

function runOf({ settings: { api } }: Sandbox, guard: Guard, lifetimeSeconds: number) {
  const createOrder = policy(Order, {
    permission: ({ input: { portfolio, symbol, side, quantity } }) =>
      may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
    approval: {
      message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
      lifetimeSeconds,
    },
    access: { trade: resource(api.resource, { scopes: ['trade:write'] }) },
  })
  return (identity: UserIdentity, slot: string, input: z.infer<typeof Order>): Promise<Outcome<string>> =>
    guard.run(createOrder, { tool: 'create_order', slot, input, identity }, async (order) => {
      const { access, idempotencyKey } = currentCall(createOrder)
      const response = await access.trade.fetch(`${api.origin}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(order),
      })
      return response.ok ? `Bought ${order.quantity} ${order.symbol}.` : `The exchange said ${response.status}.`
    })
}
