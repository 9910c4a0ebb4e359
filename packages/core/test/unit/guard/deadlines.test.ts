import { verifies } from '@behalf/testing/requirements'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { type GuardOptions, may, object, type Policy, policy } from '../../../src/index.ts'
import { type Tap, tapped } from '../runs/harness.ts'
import { passingTime, quiet, stuckPlace, timeStandsStill } from './passing-time.ts'
import { asks, reads, schema, smallWorld, writes } from './small-world.ts'

const TIMEOUT_MS = 10_000
timeStandsStill()
/** Of the test that runs. */
let place = stuckPlace()
beforeEach(() => {
  place = stuckPlace()
})
const never = () => place.never()
const stuckChannel: ApprovalChannel = { specificationVersion: 2, ask: never, poll: never }
const stuckSchema = z.strictObject({ amount: z.number() }).refine(never)

/** What may never settle, and the call that waits for it. */
const stuck: readonly (readonly [
  string,
  (store: (tap: Tap) => GuardOptions['store']) => Partial<GuardOptions>,
  Policy,
])[] = [
  ...(['get', 'put', 'list'] as const).map(
    (stuckAt) =>
      [
        `a store at ${stuckAt}`,
        (store: (tap: Tap) => GuardOptions['store']) => ({
          store: store((operation, _, next) => (operation === stuckAt ? never() : next())) as never,
        }),
        asks,
      ] as const,
  ),
  [
    'a store at the claim',
    (store) => ({
      store: store((operation, key, next) =>
        operation === 'put' && key.startsWith('lease:') ? never() : next(),
      ) as never,
    }),
    writes,
  ],
  ['a required audit sink', () => ({ audit: { sink: { write: never }, required: true } }), reads],
  [
    'a permission checker',
    () => ({ permissions: { check: never } }),
    policy(schema, { permission: () => may('can_view', object('portfolio', 'p')) }),
  ],
  ['a channel', () => ({ approvals: stuckChannel }), asks],
  ['a schema', () => ({}), policy(stuckSchema as never, {})],
  [
    'a vault',
    () => ({ vault: { specificationVersion: 1, token: never } }),
    policy(schema, { access: { c: connection('c', { scopes: ['s'], origins: ['https://c.example'] }) } }),
  ],
]

describe('whatever never settles, the total deadline holds (E2)', () => {
  test.each(stuck)(verifies('E2', '%s: unavailable, and nothing runs'), async (_, options, stuckPolicy) => {
    const { guard, call, store } = smallWorld()
    const behalf = guard({ timeoutMs: TIMEOUT_MS, ...options((tap) => tapped(store, tap)) })
    let runs = 0
    const running = behalf.run(stuckPolicy as typeof reads, call(), () => runs++)
    await place.reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    const outcome = await running
    expect(outcome).toMatchObject({ status: 'unavailable' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ verdict: 'unavailable', detail: 'the total deadline passed' })
    expect(runs).toBe(0)
  })

  test.each(stuck)('%s: an abort rejects at once with its own reason', async (_, options, stuckPolicy) => {
    const { guard, call, store } = smallWorld()
    const behalf = guard(options((tap) => tapped(store, tap)))
    const controller = new AbortController()
    const reason = new Error('the user left')
    const running = behalf.run(stuckPolicy as typeof reads, call({ signal: controller.signal }), () => 'ran')
    await place.reached
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
  })

  test.each(stuck.filter(([name]) => !/claim|audit|put/.test(name)))(
    '%s: preflight too',
    async (_, options, stuckPolicy) => {
      const { guard, call, store } = smallWorld()
      const behalf = guard({ timeoutMs: TIMEOUT_MS, ...options((tap) => tapped(store, tap)) })
      const running = behalf.preflight(stuckPolicy, call())
      await place.reached
      vi.advanceTimersByTime(TIMEOUT_MS)
      expect(await running).toMatchObject({ status: 'unavailable' })
    },
  )
})

describe('what comes after a call was answered', () => {
  test('a store that wakes up runs no body, changes no trace, and writes no second event', async () => {
    const { guard, call, store, events } = smallWorld()
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>()
    const behalf = guard({
      timeoutMs: TIMEOUT_MS,
      store: tapped(store, async (operation, key, next) => {
        if (operation === 'put' && key.startsWith('slot:')) {
          void never()
          await awake
        }
        return next()
      }),
    })
    let runs = 0
    const running = behalf.run(writes, call(), () => runs++)
    await place.reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    const outcome = await running
    const before = JSON.stringify(outcome)
    wake()
    await quiet()
    expect(runs).toBe(0)
    expect(JSON.stringify(outcome)).toBe(before)
    expect(events.filter(({ type }) => type === 'call')).toHaveLength(1)
    expect(await guard().run(writes, call(), () => ++runs)).toMatchObject({ status: 'done', result: 1 })
  })

  test('a claim that the store took too late is given back', async () => {
    const { guard, call, store } = smallWorld()
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>()
    let claims = 0
    const behalf = guard({
      timeoutMs: TIMEOUT_MS,
      store: tapped(store, async (operation, key, next) => {
        // The record is written at its creation, and then by the claim.
        if (operation === 'put' && key.startsWith('run:') && ++claims === 2) {
          void never()
          await awake
        }
        return next()
      }),
    })
    let runs = 0
    const running = behalf.run(writes, call(), () => runs++)
    await place.reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(await running).toMatchObject({ status: 'unavailable' })
    expect(claims).toBe(2)
    wake()
    await vi.waitFor(async () => {
      expect(await guard().run(writes, call(), () => ++runs)).toMatchObject({ status: 'done' })
    })
    expect(runs).toBe(1)
  })

  test('an ask under way when the caller leaves is on record when it ends: the person is asked once', async () => {
    const { guard, call, questions, failsToAsk } = smallWorld()
    const { promise: sent, resolve: send } = Promise.withResolvers<void>()
    failsToAsk(() => {
      void never()
      return sent
    })
    const running = guard({ timeoutMs: TIMEOUT_MS }).run(asks, call(), () => 'ran')
    await place.reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    expect(await running).toMatchObject({ status: 'unavailable' })
    send()
    await vi.waitFor(async () => {
      expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({
        status: 'interrupted',
        interrupt: { interval: 5 },
      })
    })
    expect(questions).toHaveLength(1)
  })

  test('a body that outlives the deadline is not bounded by it', async () => {
    const { guard, call } = smallWorld()
    const outcome = guard({ timeoutMs: TIMEOUT_MS }).run(writes, call(), async (_, { signal }) => {
      vi.advanceTimersByTime(2 * TIMEOUT_MS)
      await quiet()
      return signal.aborted
    })
    expect(await outcome).toMatchObject({ status: 'done', result: false })
  })
})

describe('after the body', () => {
  test('a store that never takes the result does not keep it from the caller', async () => {
    const { guard, call, store } = smallWorld()
    let ran = false
    const behalf = guard({
      timeoutMs: TIMEOUT_MS,
      store: tapped(store, (operation, key, next) =>
        ran && operation === 'put' && key.startsWith('run:') ? never() : next(),
      ),
    })
    const running = behalf.run(writes, call(), () => {
      ran = true
      return 'ran'
    })
    await place.reached
    vi.advanceTimersByTime(TIMEOUT_MS)
    const outcome = await running
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'complete', verdict: 'unavailable' })
  })

  test('a store that is down for a moment gets the result afterwards', async () => {
    const { guard, call, store } = smallWorld()
    let faults = 0
    let ran = false
    const behalf = guard({
      timeoutMs: TIMEOUT_MS,
      store: tapped(store, async (operation, key, next) => {
        if (faults > 0 && operation === 'put' && key.startsWith('run:') && faults-- > 0) {
          throw new StoreError('unavailable', 'down')
        }
        return next()
      }),
    })
    const running = behalf.run(writes, call(), () => {
      faults = 6
      ran = true
      return 'ran'
    })
    while (!ran) await quiet()
    expect(await passingTime(running)).toMatchObject({ status: 'done', result: 'ran' })
    await vi.waitFor(
      async () => expect(await guard().run(writes, call(), () => 'again')).toMatchObject({ result: 'ran' }),
      10_000,
    )
  })

  test('a result that cannot be read ends the run all the same', async () => {
    const { guard, call, clock } = smallWorld()
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys for you')
        },
      },
    )
    const behalf = guard()
    await behalf.run(writes, call(), () => hostile).catch(() => {})
    expect(await behalf.run(writes, call(), () => 'again')).toMatchObject({ code: 'unknown_outcome' })
    clock.advance(3600)
    expect(await behalf.run(writes, call(), () => 'again')).toMatchObject({ code: 'unknown_outcome' })
  })
})

describe('preflight', () => {
  test('answers at once, also where the policy waits', async () => {
    const { guard, call } = smallWorld()
    const waiting = policy(schema, { approval: { message: () => 'Do it' }, wait: { maxSeconds: 30 } })
    // No timer ends here, so that one that is waited for would never come.
    expect(await guard().preflight(waiting, call())).toMatchObject({ status: 'interrupted' })
  })
})
