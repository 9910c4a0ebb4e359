import {
  createGuard,
  currentIdentity,
  type Identity,
  may,
  object,
  policy,
  resource,
  runAs,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { generateDpopKey, oidc } from '@behalf/core/providers'
import { createResourceServer } from '@behalf/core/resource-server'
import * as z from 'zod/mini'
import { agentUrl, api, fga, issuer, modelId, startServers, storeId } from './servers.ts'

/** Runs core's main ways once, on any runtime. @returns a line for each that holds; throws at the first that does not. */
export async function smoke(): Promise<readonly string[]> {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const servers = await startServers(clock.now)
  const { fetch, sign, state } = servers
  const authorizationServer = oidc({ issuer, clientId: 'agent', clientSecret: 'secret' })
  const options = { authorizationServer, audience: agentUrl, fetch, clock }
  const held: string[] = []

  const identity = await verifyAccessToken(await sign({ aud: agentUrl }), options)
  expect(identity.kind === 'user' && identity.subject === 'ann', 'identity: a verified user')
  const other = await verifyAccessToken(await sign({ aud: api }), options).catch((error: unknown) => error)
  expect((other as { reason?: string }).reason === 'audience', 'identity: another audience is refused')
  async function* subjects() {
    for (;;) yield (currentIdentity() as UserIdentity).subject
  }
  const generator = runAs(identity, subjects)
  expect((await generator.next()).value === 'ann', 'identity: current in a generator')
  held.push('identity')

  const proof = await (await generateDpopKey()).proof({ method: 'GET', url: `${api}/orders?a=b` })
  expect(proof.split('.').length === 3, 'a DPoP proof')
  held.push('dpop')

  const protectedApi = createResourceServer({ authorizationServer, audience: api, fetch, clock })
  const bearer = await sign({ aud: api, scope: 'orders' })
  const request = new Request(api, { headers: { authorization: `Bearer ${bearer}` } })
  const passed = await protectedApi.protect(request, { scopes: ['orders'] })
  expect(passed.ok, 'resource server: lets a good token pass')
  expect(!(await protectedApi.protect(new Request(api))).ok, 'resource server: refuses none')
  held.push('resource server')

  const guard = createGuard({
    authorizationServer,
    agent: { name: 'agent:trader', ceiling: ['orders'] },
    permissions: openFga({
      apiUrl: fga,
      storeId,
      authorizationModelId: modelId,
      relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
      fetch,
      clock,
    }),
    approvals: ciba(),
    fetch,
    clock,
  })
  const Order = z.strictObject({ portfolio: z.string(), quantity: z.number() })
  const place = policy(Order, {
    permission: ({ input }) => may('can_trade', object('portfolio', input.portfolio)),
    access: { trade: resource(api, { scopes: ['orders'] }) },
  })
  const run = (rules: typeof place, slot: string, portfolio: string, who: Identity = identity) =>
    guard.run(
      rules,
      { tool: 'order', slot, input: { portfolio, quantity: 1 }, identity: who },
      async (_input, call) => {
        const response = await call.access.trade.fetch(`${api}/orders`, { method: 'POST' })
        return (await response.json()) as { id: string }
      },
    )

  const done = await run(place, 's-1', 'p-ann')
  expect(done.status === 'done' && done.result.id === 'order-1', `exchange: a guarded call is done, not ${told(done)}`)
  const sent = JSON.parse(
    atob(state.orders[0]?.authorization?.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? ''),
  )
  expect(sent.aud === api && sent.scope === 'orders', 'exchange: with a token for that API alone')
  held.push('exchange')

  const denied = await run(place, 's-2', 'p-bob')
  expect(denied.status === 'denied' && denied.code === 'not_permitted', `FGA: denies, not ${told(denied)}`)
  held.push('fga')
  const fake = await run(place, 's-3', 'p-ann', { ...identity })
  expect(fake.status === 'denied' && fake.code === 'identity_not_verified', `guard: refuses a copy, not ${told(fake)}`)
  held.push('guard')

  const approved = policy(Order, {
    approval: { message: ({ input }) => `Buy ${input.quantity}` },
    access: { trade: resource(api, { scopes: ['orders'] }) },
  }) as typeof place
  const asked = await run(approved, 's-4', 'p-ann')
  expect(
    asked.status === 'interrupted' && asked.interrupt.kind === 'approval_pending',
    `CIBA: asks, not ${told(asked)}`,
  )
  state.approved = true
  // The first poll is due after the interval of 5 s, and up to half of it later.
  offset += 8_000
  const answered = await run(approved, 's-4', 'p-ann')
  expect(answered.status === 'done', `CIBA: runs when approved, not ${told(answered)}`)
  const replayed = await run(approved, 's-4', 'p-ann')
  expect(replayed.status === 'done' && state.orders.length === 2, `CIBA: runs once, not ${told(replayed)}`)
  held.push('ciba')
  return held
}

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new TypeError(`does not hold: ${what}`)
}

const told = (outcome: unknown): string => JSON.stringify(outcome)
