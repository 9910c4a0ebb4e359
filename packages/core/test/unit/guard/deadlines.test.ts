import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import {
  type ApprovalChannel,
  connection,
  type GuardOptions,
  may,
  object,
  type Policy,
  policy,
  StoreError,
  TransportError,
} from '../../../src/index.ts'
import { type Tap, tapped } from '../approvals/harness.ts'
import { asks, reads, schema, smallWorld, user, writes } from './small-world.ts'

const never = () => new Promise<never>(() => {})
const stuckChannel: ApprovalChannel = { specificationVersion: 1, ask: never, look: never }
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
  test.each(stuck)('%s: unavailable, and nothing runs', async (_, options, stuckPolicy) => {
    const { guard, call, store } = smallWorld()
    const behalf = guard({ timeoutMs: 40, ...options((tap) => tapped(store, tap)) })
    let runs = 0
    const started = Date.now()
    const outcome = await behalf.run(stuckPolicy as typeof reads, call(), () => runs++)
    expect(outcome).toMatchObject({ status: 'unavailable' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ verdict: 'unavailable', detail: 'the total deadline passed' })
    expect(Date.now() - started).toBeLessThan(1_000)
    expect(runs).toBe(0)
  })

  test.each(stuck)('%s: an abort rejects at once with its own reason', async (_, options, stuckPolicy) => {
    const { guard, call, store } = smallWorld()
    const behalf = guard(options((tap) => tapped(store, tap)))
    const controller = new AbortController()
    const reason = new Error('the user left')
    setTimeout(() => controller.abort(reason), 20)
    await expect(
      behalf.run(stuckPolicy as typeof reads, call({ signal: controller.signal }), () => 'ran'),
    ).rejects.toBe(reason)
  })

  test.each(stuck.filter(([name]) => !/claim|audit|put/.test(name)))(
    '%s: preflight too',
    async (_, options, stuckPolicy) => {
      const { guard, call, store } = smallWorld()
      const behalf = guard({ timeoutMs: 40, ...options((tap) => tapped(store, tap)) })
      expect(await behalf.preflight(stuckPolicy, call())).toMatchObject({ status: 'unavailable' })
    },
  )
})

describe('what comes after a call was answered', () => {
  test('a store that wakes up runs no body, changes no trace, and writes no second event', async () => {
    const { guard, call, store, events } = smallWorld()
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>()
    const behalf = guard({
      timeoutMs: 40,
      store: tapped(store, async (operation, key, next) => {
        if (operation === 'put' && key.startsWith('slot:')) await awake
        return next()
      }),
    })
    let runs = 0
    const outcome = await behalf.run(writes, call(), () => runs++)
    const before = JSON.stringify(outcome)
    wake()
    await new Promise((resolve) => setTimeout(resolve, 50))
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
      timeoutMs: 400,
      store: tapped(store, async (operation, key, next) => {
        // The record is written at its creation, and then by the claim.
        if (operation === 'put' && key.startsWith('run:') && ++claims === 2) await awake
        return next()
      }),
    })
    let runs = 0
    expect(await behalf.run(writes, call(), () => runs++)).toMatchObject({ status: 'unavailable' })
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
    failsToAsk(() => sent)
    expect(await guard({ timeoutMs: 40 }).run(asks, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
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
    const outcome = guard({ timeoutMs: 30 }).run(writes, call(), async (_, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 80))
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
      timeoutMs: 40,
      store: tapped(store, (operation, key, next) =>
        ran && operation === 'put' && key.startsWith('run:') ? never() : next(),
      ),
    })
    const outcome = await behalf.run(writes, call(), () => {
      ran = true
      return 'ran'
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'complete', verdict: 'unavailable' })
  })

  test('a store that is down for a moment gets the result afterwards', async () => {
    const { guard, call, store } = smallWorld()
    let faults = 0
    const behalf = guard({
      timeoutMs: 40,
      store: tapped(store, async (operation, key, next) => {
        if (faults > 0 && operation === 'put' && key.startsWith('run:') && faults-- > 0) {
          throw new StoreError('unavailable', 'down')
        }
        return next()
      }),
    })
    const outcome = await behalf.run(writes, call(), () => {
      faults = 6
      return 'ran'
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
    await vi.waitFor(
      async () => expect(await guard().run(writes, call(), () => 'again')).toMatchObject({ result: 'ran' }),
      3_000,
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
    const started = Date.now()
    expect(await guard().preflight(waiting, call())).toMatchObject({ status: 'interrupted' })
    expect(Date.now() - started).toBeLessThan(500)
  })
})

describe('the trace repeats no message that is not ours', () => {
  const secret = 'redis://user:s3cret@host'
  const cases: readonly (readonly [string, Partial<GuardOptions>, Policy])[] = [
    [
      'a checker',
      { permissions: { check: () => Promise.reject(new RangeError(secret)) } },
      policy(schema, { permission: () => may('v', object('a', 'b')) }),
    ],
    ['a channel', { approvals: { ...stuckChannel, ask: () => Promise.reject(new RangeError(secret)) } }, asks],
    [
      'a rule',
      {},
      policy(schema, {
        approval: {
          message: () => {
            throw new RangeError(secret)
          },
        },
      }),
    ],
  ]
  test.each(cases)('%s', async (_, options, broken) => {
    const { guard, call, events } = smallWorld()
    const outcome = await guard(options).run(broken as typeof reads, call(), () => 'ran')
    expect(JSON.stringify([outcome, events])).not.toContain('s3cret')
    expect(outcome.trace.steps.at(-1)?.detail).toContain('RangeError')
  })

  test('our own errors speak', async () => {
    const { guard, call } = smallWorld()
    const permissions = { check: () => Promise.reject(new TransportError('the permission server is away')) }
    const rules = policy(schema, { permission: () => may('v', object('a', 'b')) })
    const outcome = await guard({ permissions }).run(rules, call({ identity: user() }), () => 'ran')
    expect(outcome.trace.steps.at(-1)?.detail).toBe('the permission server is away')
  })
})
