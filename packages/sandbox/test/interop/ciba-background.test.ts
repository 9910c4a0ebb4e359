import { createGuard, currentCall, memoryStore, type Outcome, policy, resource, type Store } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { cibaPing, inAppApprovals, inAppInbox } from '@behalf/core/http'
import { importDpopKey } from '@behalf/core/providers'
import { createWatcher, type WatchedAnswer } from '@behalf/core/watcher'
import { type ProfileChanges, type ProtocolTarget, profileOf, signIn, type TargetClient } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { generateKeyPair } from 'jose'
import { describe, test } from 'vitest'
import * as z from 'zod'
import { type SandboxTargetOptions, sandboxTarget, startSandbox } from '../../src/index.ts'

const Order = z.strictObject({ portfolio: z.string(), side: z.literal('buy'), symbol: z.string(), quantity: z.int() })
const orderOf = (user: string) => ({ portfolio: `p-${user}`, side: 'buy', symbol: 'AAPL', quantity: 50 }) as const

interface Setting {
  readonly target?: SandboxTargetOptions
  readonly client?: (target: ProtocolTarget) => TargetClient
  readonly profile?: ProfileChanges
  readonly ping?: boolean
  readonly inApp?: boolean
  /** @default 'ann' */
  readonly user?: 'ann' | 'cleo'
  /** How many there are from the start. @default 1 */
  readonly watchers?: number
}

/** A sandbox where Cleo takes the agent's word for an approval. */
async function withCleo(): Promise<ProtocolTarget> {
  const { target, close } = await startSandbox({
    seed: { users: [{ subject: 'cleo', trustedClients: ['stock-agent'] }] },
  })
  return { ...target, close }
}

/** An agent in the background: its call is begun once, and watchers complete it. */
async function background(end: (close: () => Promise<void>) => void, setting: Setting = {}) {
  const { user = 'ann' } = setting
  const target = user === 'ann' ? await sandboxTarget(setting.target) : await withCleo()
  end(() => target.close())
  const client = setting.client?.(target) ?? target.clients.agent
  const profile = profileOf(target, client, setting.profile)
  const { api } = target
  const create = policy(Order, {
    approval: {
      message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
      details: ({ input }) => [{ ...input, type: 'stock_order' }],
    },
    access: { trade: resource(api.resource, { scopes: ['trade:write'] }) },
  })
  const store: Store = memoryStore()
  const approvals = setting.inApp === true ? inAppApprovals() : ciba({ ping: setting.ping === true })
  const guard = createGuard({ authorizationServer: profile, agent: { name: target.agentName }, approvals, store })
  if (setting.ping === true) target.notifications.forwardTo(cibaPing({ store }))
  // The login is the web app's, whose session is not bound.
  const identity = await signIn(target, { user, client })
  const outcomes: Outcome<number>[] = []
  const run = async (slot = 'job-1') => {
    const order = orderOf(user)
    const outcome = await guard.run(create, { tool: 'create_order', slot, input: order, identity }, async (input) => {
      const { access, idempotencyKey } = currentCall(create)
      const response = await access.trade.fetch(`${api.origin}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(input),
      })
      return response.status
    })
    outcomes.push(outcome)
    return outcome
  }
  const told: WatchedAnswer[] = []
  const faults: unknown[] = []
  const stop = new AbortController()
  const watch = () =>
    createWatcher({
      authorizationServer: profile,
      approvals,
      store,
      everyMs: 100,
      onAnswer: async (answer) => {
        told.push(answer)
        await run()
      },
      onFault: (error) => faults.push(error),
    }).run(stop.signal)
  const watching = Array.from({ length: setting.watchers ?? 1 }, watch)
  end(async () => {
    stop.abort()
    await Promise.all(watching)
  })
  return {
    target,
    controls: target.authorizationServer.controls,
    identity,
    store,
    run,
    watch: () => void watching.push(watch()),
    told,
    faults,
    outcomes,
    orders: async () => (await api.controls.orders(`p-${user}`)).length,
    /** When each poll came in, in seconds from the first. */
    polls: async () => {
      const log = await target.authorizationServer.controls.requests()
      const polls = log.filter(({ parameters }) => parameters.grant_type === 'urn:openid:params:grant-type:ciba')
      return polls.map(({ at }) => (at - (polls[0]?.at ?? 0)) / 1000)
    },
  }
}

/** Ends a test that hangs; what is waited for is a state. */
const soon = { timeout: 30_000, interval: 50 }

describe('a background agent over HTTP, against oidc-provider', { concurrent: true, timeout: 90_000 }, () => {
  test('approved: the watcher finds it, the call runs, and runs once', async ({ expect, onTestFinished }) => {
    const { run, controls, told, orders, outcomes, faults } = await background(onTestFinished, { watchers: 3 })
    expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    await controls.approve()
    await expect.poll(orders, soon).toBe(1)
    await expect.poll(() => outcomes.at(-1), soon).toMatchObject({ status: 'done', result: 201 })
    expect(told).toMatchObject([{ tool: 'create_order', state: 'approved', owner: { subject: 'ann' } }])
    expect(faults).toEqual([])
  })

  test('denied: the app is told, and nothing runs', async ({ expect, onTestFinished }) => {
    const { run, controls, told, orders, outcomes } = await background(onTestFinished)
    await run()
    await controls.deny()
    await expect.poll(() => told, soon).toMatchObject([{ state: 'denied' }])
    await expect.poll(() => outcomes.at(-1), soon).toMatchObject({ status: 'denied', code: 'approval_denied' })
    expect(await orders()).toBe(0)
  })

  test(
    verifies('A7', 'run out: the person is asked again under the same approval, and the second answer counts'),
    async ({ expect, onTestFinished }) => {
      const { run, controls, orders } = await background(onTestFinished)
      await run()
      const [first] = await controls.pendingRequests('ann')
      await controls.expire()
      await expect.poll(async () => (await controls.pendingRequests('ann'))[0]?.authReqId, soon).toBeDefined()
      const [second] = await controls.pendingRequests('ann')
      expect(second?.authReqId).not.toBe(first?.authReqId)
      expect(second?.bindingMessage).toBe('Buy 50 shares of AAPL')
      await controls.approve()
      await expect.poll(orders, soon).toBe(1)
    },
  )

  test(
    verifies('A4', 'slow_down: the interval grows by five seconds, for good'),
    async ({ expect, onTestFinished }) => {
      const setting = { target: { interval: 2 }, watchers: 0 }
      const { run, watch, controls, orders, polls } = await background(onTestFinished, setting)
      await run()
      // No poll is sent before the server is told to slow down: on a busy machine that takes longer than the interval.
      await controls.slowDown()
      watch()
      await expect.poll(async () => (await polls()).length, soon).toBeGreaterThanOrEqual(2)
      await controls.approve()
      await expect.poll(orders, soon).toBe(1)
      const times = await polls()
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
      expect(gaps.length).toBeGreaterThanOrEqual(2)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(6.9)
    },
  )

  test(verifies('A6', 'an answer that was lost on the way is asked for again'), async ({ expect, onTestFinished }) => {
    const { run, controls, orders, told } = await background(onTestFinished)
    await run()
    await controls.answerLost()
    await controls.approve()
    // The server gave the answer once; what it says now is `invalid_grant`.
    await expect.poll(async () => (await controls.pendingRequests('ann')).length, soon).toBe(1)
    expect(await orders()).toBe(0)
    await controls.approve()
    await expect.poll(orders, soon).toBe(1)
    expect(told).toMatchObject([{ state: 'approved' }])
  })

  test('an outage of the token endpoint loses nothing', async ({ expect, onTestFinished }) => {
    const { run, controls, orders, faults } = await background(onTestFinished)
    await run()
    await controls.fault('token', { status: 503 })
    await controls.fault('token', { status: 500 })
    await controls.approve()
    await expect.poll(orders, soon).toBe(1)
    expect(faults).toEqual([])
  })

  test('ping: a poll that was a minute away is made at once', async ({ expect, onTestFinished }) => {
    const { run, controls, orders, polls, target } = await background(onTestFinished, {
      ping: true,
      target: { interval: 60 },
      client: ({ clients }) => clients.agentWithPing,
    })
    await run()
    await controls.approve()
    await expect.poll(orders, soon).toBe(1)
    expect(await target.notifications.received()).toHaveLength(1)
    expect(await polls()).toHaveLength(1)
  })

  test('bound: request and polls prove the key, and so does the use of the token', async ({
    expect,
    onTestFinished,
  }) => {
    const dpop = await importDpopKey(await generateKeyPair('ES256', { extractable: true }))
    const { run, controls, orders, outcomes } = await background(onTestFinished, { profile: { dpop } })
    await run()
    await controls.approve()
    await expect.poll(() => outcomes.at(-1), soon).toMatchObject({ status: 'done' })
    expect(outcomes.at(-1)).toMatchObject({ result: 201 })
    expect(await orders()).toBe(1)
  })

  test('a client that proves itself by a key asks and polls as any other', async ({ expect, onTestFinished }) => {
    const { run, controls, orders, target } = await background(onTestFinished, {
      client: ({ clients }) => clients.agentWithKey,
    })
    await run()
    await controls.approve()
    await expect.poll(orders, soon).toBe(1)
    const log = await target.authorizationServer.controls.requests()
    const assertions = log.filter(({ parameters }) => parameters.client_assertion !== undefined)
    // The same number would be the same assertion: each is used once.
    expect(new Set(assertions.map(({ parameters }) => parameters.client_assertion)).size).toBe(assertions.length)
    expect(assertions.length).toBeGreaterThanOrEqual(2)
  })

  // The exchange takes no order that its server sent no question about, except from a client that the account trusts.
  test.for([
    ['ann', 401, 0],
    ['cleo', 201, 1],
  ] as const)(
    'in the app’s own pages: the answer comes from there, the credential from an exchange, and %s’s account decides',
    async ([user, result, placed], { expect, onTestFinished }) => {
      const setting = { inApp: true, user } as const
      const { run, orders, controls, store, identity, outcomes } = await background(onTestFinished, setting)
      await run()
      const inbox = inAppInbox({ store, identityOf: () => identity })
      const listed = (await (await inbox(new Request('https://app.example/inbox'))).json()) as {
        questions: { id: string; answerToken: string; message: string }[]
      }
      expect(listed.questions).toMatchObject([{ message: 'Buy 50 shares of AAPL' }])
      const answer = new Request('https://app.example/inbox', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://app.example' },
        body: JSON.stringify({
          id: listed.questions[0]?.id,
          answerToken: listed.questions[0]?.answerToken,
          answer: 'approve',
        }),
      })
      expect((await inbox(answer)).status).toBe(200)
      // A caller that wants the result at once runs the call; without one, the watcher runs it.
      await run()
      expect(outcomes.at(-1)).toMatchObject({ status: 'done', result })
      expect(await orders()).toBe(placed)
      expect(await controls.pendingRequests()).toEqual([])
    },
  )
})
