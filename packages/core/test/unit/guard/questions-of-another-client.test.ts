import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ciba } from '../../../src/entrypoints/ciba.ts'
import { inAppApprovals } from '../../../src/entrypoints/http.ts'
import { auth0 } from '../../../src/entrypoints/providers.ts'
import { createWatcher } from '../../../src/entrypoints/watcher.ts'
import { memoryStore, policy } from '../../../src/index.ts'
import { keys } from './small-world.ts'
import { buy, createOrder, policies, world } from './world.ts'

/** Guards of two agents over one store, each with its own client at the issuer, and a call of the first one. */
async function twoClients() {
  const made = await world()
  const { clients, clock, authorizationServer, login, invocation, guard } = made
  const { clientId, authentication } = clients.agentWithKey
  if (!('privateKey' in authentication)) throw new Error('the client has no key')
  const { privateKey } = authentication
  const otherProfile = auth0({ domain: 'tenant.behalf.example', clientId, privateKey, algorithms: ['ES256'] })
  const shared = { store: memoryStore({ clock }), keys }
  const own = guard(shared)
  const other = guard({ ...shared, authorizationServer: otherProfile, agent: { name: 'agent:other' } })
  const identity = await login()
  const call = invocation({ tool: 'create_order', input: buy(50), identity })
  const { controls } = authorizationServer
  return {
    ...made,
    shared,
    otherProfile,
    own,
    other,
    identity,
    call,
    controls,
    run: (by = own) => by.run(policies.create_order, call, createOrder),
    /** Clients that asked a person, or for an answer. */
    askers: async () => {
      const asked = (await controls.requests()).filter(
        ({ parameters }) => parameters.binding_message !== undefined || parameters.auth_req_id !== undefined,
      )
      return [...new Set(asked.map(({ parameters }) => parameters.client_id))]
    },
    idOfQuestion: async () => {
      const [view] = await own.approvals.list({ as: 'owner', identity })
      return view?.id ?? ''
    },
  }
}

describe('a guard of another client over the same store and keys', () => {
  test(verifies('A4', 'looks at a question, and its yes still counts for the client that asked'), async () => {
    const { own, other, identity, run, clock, controls, askers, idOfQuestion } = await twoClients()
    expect(await run()).toMatchObject({ status: 'interrupted' })
    const id = await idOfQuestion()
    await controls.approve()
    clock.advance(10)
    expect(await other.approvals.get(id, { identity })).toMatchObject({ state: 'open' })
    expect(await own.approvals.get(id, { identity })).toMatchObject({ state: 'approved' })
    expect(await run()).toMatchObject({ status: 'done' })
    expect(await askers()).toEqual(['stock-agent'])
  })

  test(verifies('A4', 'does not send a question in the name of its own client'), async () => {
    const { other, identity, run, controls, askers, idOfQuestion, clock } = await twoClients()
    await controls.fault('bc-authorize', { status: 503 })
    expect(await run()).toMatchObject({ status: 'unavailable' })
    const id = await idOfQuestion()
    expect(await other.approvals.get(id, { identity })).toMatchObject({ state: 'open' })
    clock.advance(60)
    expect(await run()).toMatchObject({ status: 'interrupted' })
    expect(await askers()).toEqual(['stock-agent'])
  })

  test('leaves a question that ended to a last poll of its own client', async () => {
    const { own, other, identity, call, clock, idOfQuestion } = await twoClients()
    const short = policy(z.looseObject({}), { approval: { message: () => 'Buy', lifetimeSeconds: 60 } })
    await own.run(short, call, () => 'ran')
    const id = await idOfQuestion()
    clock.advance(61)
    expect(await other.approvals.get(id, { identity })).toMatchObject({ state: 'open' })
    clock.advance(31)
    expect(await other.approvals.get(id, { identity })).toMatchObject({ state: 'expired' })
  })

  test.each(['open', 'cancelled'])('follows no question that is %s with its watcher, and says why', async (state) => {
    const { own, identity, run, shared, otherProfile, clock, askers, idOfQuestion } = await twoClients()
    await run()
    if (state === 'cancelled') await own.approvals.cancel(await idOfQuestion(), { identity })
    clock.advance(11)
    const faults: unknown[] = []
    const told: unknown[] = []
    const stop = new AbortController()
    const watcher = createWatcher({
      ...shared,
      authorizationServer: otherProfile,
      approvals: ciba(),
      clock,
      onAnswer: (answer) => {
        told.push(answer)
        stop.abort()
      },
      onFault: (error) => {
        faults.push(error)
        stop.abort()
      },
      everyMs: 20,
    })
    await watcher.run(stop.signal)
    expect(String(faults[0])).toContain('client "stock-agent", and this watcher lacks one of them')
    expect(told).toEqual([])
    expect(await askers()).toEqual(['stock-agent'])
  })

  test(
    verifies('A4', 'does not send a question that was for the pages of an app, by a channel that polls'),
    async () => {
      const { guard, shared, other, identity, call, clock, askers, idOfQuestion } = await twoClients()
      const failing = inAppApprovals({ notify: () => Promise.reject(new Error('no mail')) })
      const pages = guard({ ...shared, approvals: failing })
      expect(await pages.run(policies.create_order, call, createOrder)).toMatchObject({ status: 'unavailable' })
      clock.advance(60)
      expect(await other.approvals.get(await idOfQuestion(), { identity })).toMatchObject({ state: 'open' })
      expect(await askers()).toEqual([])
    },
  )
})

test('a question in the app’s own pages belongs to no client: each guard brings it further', async () => {
  const { guard, shared, otherProfile, identity, call, idOfQuestion } = await twoClients()
  const told: unknown[] = []
  const pages = inAppApprovals({ notify: (asked) => void told.push(asked) })
  const failing = inAppApprovals({ notify: () => Promise.reject(new Error('no mail')) })
  const outcome = await guard({ ...shared, approvals: failing }).run(policies.create_order, call, createOrder)
  expect(outcome).toMatchObject({ status: 'unavailable' })
  const other = guard({ ...shared, approvals: pages, authorizationServer: otherProfile })
  await other.approvals.get(await idOfQuestion(), { identity })
  expect(told).toMatchObject([{ message: 'Buy 50 shares of AAPL' }])
})

describe('a deploy that gives the agent another client', () => {
  test('leaves a new yes to the client that asked, while both run', async () => {
    const { guard, shared, otherProfile, run, own, identity, clock, controls, idOfQuestion } = await twoClients()
    await run()
    await controls.approve()
    clock.advance(10)
    await own.approvals.get(await idOfQuestion(), { identity })
    const deployed = guard({ ...shared, authorizationServer: otherProfile })
    expect(await run(deployed)).toMatchObject({ status: 'unavailable', retryAfter: 30 })
    expect(await run()).toMatchObject({ status: 'done' })
  })

  test(verifies('A11', 'asks again, and uses no token that was issued to the client before'), async () => {
    const { guard, shared, otherProfile, own, run, identity, clock, controls, idOfQuestion, stockTrade } =
      await twoClients()
    await run()
    await controls.approve()
    clock.advance(10)
    expect(await own.approvals.get(await idOfQuestion(), { identity })).toMatchObject({ state: 'approved' })
    const deployed = guard({ ...shared, authorizationServer: otherProfile })
    clock.advance(30)
    expect(await run(deployed)).toMatchObject({ status: 'interrupted' })
    const asked = await controls.pendingRequests()
    expect(asked.map(({ clientId }) => clientId)).toEqual([otherProfile.clientId])
    expect(await stockTrade.controls.orders('p-ann')).toHaveLength(0)
  })
})
