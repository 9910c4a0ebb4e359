import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createWatcher } from '../../../src/entrypoints/watcher.ts'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { idOf, phone, refusedBy } from './phone.ts'
import { asks, ISSUER, keys, schema, smallWorld, user } from './small-world.ts'

const lasting = (lifetimeSeconds: number) =>
  policy(schema, { version: '1', approval: { message: ({ input }) => `Pay ${input.amount}`, lifetimeSeconds } })

/** Seconds after the fifth send, if no question stays open: only the pauses hold the sends back. */
const pauses = [30, 90, 210, 450, 930, 1530]

describe('600 calls in 30 minutes, each with another amount, of a person who answers none (A14)', () => {
  test(verifies('A14', 'send five questions'), async () => {
    const { run, clock, times } = phone()
    for (let tries = 0; tries < 600; tries++, clock.advance(3)) await run()
    expect(times()).toEqual([0, 3, 6, 9, 12])
  })

  test(
    verifies('A14', 'send eleven if the questions live for a second, whatever tool, client, agent or session asks'),
    async () => {
      const { run, clock, times } = phone()
      for (let tries = 0; tries < 600; tries++, clock.advance(3)) {
        const actor = tries % 2 === 0 ? {} : { actor: { subject: `agent-${tries % 3}` } }
        const identity = user({ clientId: `client-${tries % 5}`, sessionId: `session-${tries}`, ...actor })
        await run({ tool: `tool-${tries % 7}`, identity }, lasting(1))
      }
      expect(times()).toEqual([0, 3, 6, 9, 12, ...pauses.map((pause) => 12 + pause)])
    },
  )
})

describe('300 calls in 30 minutes of a person who answers none (A14)', () => {
  const paused = [0, 6, 12, 18, 24, ...pauses.map((pause) => 24 + pause)]

  test(verifies('A14', 'send eleven if the owner cancels each question at once'), async () => {
    const { run, clock, times, guard } = phone()
    for (let tries = 0; tries < 300; tries++, clock.advance(6)) {
      await guard.approvals.cancel(idOf(await run()), { identity: user() })
    }
    expect(times()).toEqual(paused)
  })

  test(verifies('A14', 'send eleven if the response to each send is lost, and its question is cancelled'), async () => {
    const { run, clock, times, losesResponses, guard } = phone()
    losesResponses()
    for (let tries = 0; tries < 300; tries++, clock.advance(6)) {
      const { trace } = await run()
      await guard.approvals.cancel(trace.approvalId ?? '', { identity: user() })
    }
    expect(times()).toEqual(paused)
  })

  test(verifies('A14', 'send eleven at most if the questions replace each other in their slots'), async () => {
    const { run, clock, times } = phone()
    for (let tries = 0; tries < 300; tries++, clock.advance(6)) {
      const rules = policy(schema, { version: `${tries}`, approval: { message: () => `Pay ${tries}` } })
      await run({ slot: `${tries % 5}`, input: { amount: tries % 5 } }, rules)
    }
    expect(times().length).toBeLessThanOrEqual(paused.length)
  })
})

describe('of five open questions (A14)', () => {
  test(verifies('A14', 'the sixth waits for an answer to one, of whatever tool, and its run is kept'), async () => {
    const { run, says, clock, pushes } = phone()
    for (let asked = 0; asked < 5; asked++) await run({ tool: `tool-${asked}` })
    clock.advance(31)
    const sixth = { slot: 'sixth', input: { amount: 6 } }
    const refused = await run(sixth)
    expect(refused).toMatchObject({ ...refusedBy('has 5 open questions of this owner'), retryAfter: 30 })
    await says('approved', pushes.slice(0, 1))
    const asked = await run(sixth)
    expect(asked).toMatchObject({ status: 'interrupted', interrupt: { id: refused.trace.approvalId } })
    expect(pushes).toHaveLength(6)
  })

  test(verifies('A14', 'none is exceeded by forty calls at once, in two guards over one store'), async () => {
    const { run, pushes } = phone()
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => run()))
    expect(pushes).toHaveLength(5)
    expect(outcomes.filter(({ status }) => status === 'unavailable')).toHaveLength(35)
  })

  test('an equal call of another slot joins one, and sends nothing', async () => {
    const { run, pushes } = phone()
    for (let amount = 0; amount < 5; amount++) await run({ input: { amount } })
    expect(await run({ slot: 'other', input: { amount: 4 } })).toMatchObject({ status: 'interrupted' })
    expect(pushes).toHaveLength(5)
  })

  test('each is sent again after its delivery has ended', async () => {
    const { run, clock, pushes } = phone()
    const calls = Array.from({ length: 5 }, (_, at) => ({ slot: `${at}`, input: { amount: at } }))
    for (const call of calls) await run(call)
    for (const call of calls) {
      clock.advance(600)
      expect(await run(call)).toMatchObject({ status: 'interrupted' })
    }
    expect(pushes.slice(5).map(({ id }) => id)).toEqual(pushes.slice(0, 5).map(({ id }) => id))
  })

  test('those that live for days count until they end', async () => {
    const { run, clock } = phone()
    const days = lasting(72 * 3600)
    for (let asked = 0; asked < 5; asked++) await run({}, days)
    clock.advance(48 * 3600)
    expect(await run({}, days)).toMatchObject(refusedBy('has 5 open questions'))
    clock.advance(24 * 3600)
    expect(await run({}, days)).toMatchObject({ status: 'interrupted' })
  })
})

test(verifies('A14', 'a run that cannot be opened stops no other question of its owner'), async () => {
  const { guard, store, call } = smallWorld()
  const written = new Set<string>()
  const seen = tapped(store, (operation, key, next) => {
    if (operation === 'put' && key.startsWith('run:')) written.add(key)
    return next()
  })
  await guard({ store: seen }).run(asks, call(), () => 'never')
  for (const key of written) {
    const found = await store.get(key)
    const damaged = Uint8Array.from(found?.value ?? [], (byte, at) => (at === 40 ? byte ^ 1 : byte))
    await store.put(key, damaged, { ifVersion: found?.version ?? null })
  }
  const other = await guard({ store: seen }).run(asks, call({ slot: 'other', input: { amount: 7 } }), () => 'never')
  expect(other).toMatchObject({ status: 'interrupted' })
})

test(verifies('A14', 'a pause grows without an answer, and ends with a yes or a no to the last question'), async () => {
  for (const answer of ['approved', 'denied'] as const) {
    const { run, says, clock, pushes } = phone()
    const ask = () => run({}, lasting(20))
    for (let asked = 0; asked < 5; asked++, clock.advance(1)) await ask()
    expect(await ask()).toMatchObject({ ...refusedBy('the last 5 of this owner without an answer'), retryAfter: 29 })
    clock.advance(29)
    await ask()
    expect(await ask()).toMatchObject({ ...refusedBy('the last 6 of this owner'), retryAfter: 60 })
    await says(answer, pushes.slice(-1))
    for (let asked = 0; asked < 4; asked++) expect(await ask()).toMatchObject({ status: 'interrupted' })
  }
})

test(
  verifies('A14', 'a watcher sends what waits when there is room, and tries each one once a minute at most'),
  async () => {
    const { run, clock, channel, pushes, store, says } = phone()
    for (let asked = 0; asked < 8; asked++) await run()
    let tries = 0
    const counting = tapped(store, (operation, key, next) => {
      if (operation === 'get' && key.startsWith('sends:')) tries++
      return next()
    })
    const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })
    const options = { authorizationServer, approvals: channel, store: counting, keys, clock, everyMs: 5 }
    const watcher = createWatcher({ ...options, onAnswer: () => {} })
    const stop = new AbortController()
    const running = watcher.run(stop.signal)
    for (let minutes = 1; minutes <= 4; minutes++) {
      clock.advance(61)
      await expect.poll(() => tries).toBe(3 * minutes)
    }
    expect(pushes).toHaveLength(5)
    await says('approved')
    clock.advance(61)
    await expect.poll(() => pushes).toHaveLength(8)
    stop.abort()
    await running
  },
)
