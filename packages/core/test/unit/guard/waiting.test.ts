import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type GuardOptions, policy } from '../../../src/index.ts'
import { wake } from '../../../src/runs/wake.ts'
import { tapped } from '../runs/harness.ts'
import { schema, smallWorld } from './small-world.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const never = () => new Promise<never>(() => {})
const waits = (maxSeconds: number) =>
  policy(schema, { version: '1', approval: { message: () => 'Pay?' }, wait: { maxSeconds } })

/** Everything that waits for no timer is done: also what is hashed and sealed, beside this thread. */
async function quiet() {
  for (let turn = 0; turn < 200; turn++) await crypto.subtle.digest('SHA-256', new Uint8Array(64))
}

/** A run that waits for a person, the channel that was asked, and how often the store was read so far. */
async function waiting(maxSeconds: number, over: Partial<GuardOptions> = {}, interval = 5) {
  const world = smallWorld()
  let reads = 0
  let loses = false
  const store = tapped(world.store, (operation, key, next) => {
    if (operation === 'get') reads++
    return loses && operation === 'get' && key.startsWith('run:') ? Promise.resolve(undefined) : next()
  })
  const ask = async (...args: Parameters<typeof world.channel.ask>) => ({
    ...(await world.channel.ask(...args)),
    interval,
  })
  const behalf = world.guard({ store, approvals: { ...world.channel, ask }, ...over })
  let outcome: unknown
  const running = behalf
    .run(waits(maxSeconds), world.call(), () => 'ran')
    .then((ended) => {
      outcome = ended
    })
  await quiet()
  return {
    ...world,
    running,
    reads: () => reads,
    outcome: () => outcome,
    losesRecords: () => {
      loses = true
    },
    wake: async () => {
      wake(world.questions[0]?.approvalId ?? '')
      await quiet()
    },
    /** Both clocks go on. */
    pass: async (seconds: number) => {
      world.clock.advance(seconds)
      await vi.advanceTimersByTimeAsync(seconds * 1000)
      await quiet()
    },
  }
}

describe('a run that waits for a person', () => {
  test('is over as soon as a person answered and woke it', async () => {
    const { answers, clock, wake: woken, outcome } = await waiting(60)
    answers({ status: 'approved' })
    clock.advance(6)
    await woken()
    expect(outcome()).toMatchObject({ status: 'done', result: 'ran' })
  })

  test('asks the store and the channel when the next look is due, and not before', async () => {
    const { answers, pass, reads, looks, outcome } = await waiting(60)
    const before = reads()
    await pass(4.9)
    expect([reads(), looks.length]).toEqual([before, 0])
    answers({ status: 'approved' })
    await pass(0.2)
    expect(looks).toHaveLength(1)
    expect(outcome()).toMatchObject({ status: 'done' })
  })

  test('looks four times a second at most, however short the interval is', async () => {
    const { pass, reads } = await waiting(60, {}, 0.01)
    const before = reads()
    await pass(0.2)
    expect(reads()).toBe(before)
    await pass(0.1)
    expect(reads()).toBeGreaterThan(before)
  })

  test('nor more often while another process is still asking', async () => {
    const { guard, call, clock, store, failsToAsk } = smallWorld()
    failsToAsk(never)
    void guard().run(waits(60), call(), () => 'ran')
    await quiet()
    let reads = 0
    const counting = tapped(store, (operation, _, next) => {
      if (operation === 'get') reads++
      return next()
    })
    void guard({ store: counting }).run(waits(60), call(), () => 'ran')
    await quiet()
    const before = reads
    clock.advance(0.2)
    await vi.advanceTimersByTimeAsync(200)
    await quiet()
    expect(reads).toBe(before)
  })

  test('ends with its time, although no look is due yet', async () => {
    const { pass, outcome } = await waiting(1)
    await pass(0.9)
    expect(outcome()).toBeUndefined()
    await pass(0.2)
    expect(outcome()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  })

  test('goes on where a store has lost sight of the record', async () => {
    const { losesRecords, pass, wake: woken, outcome } = await waiting(3)
    losesRecords()
    await woken()
    expect(outcome()).toBeUndefined()
    await pass(3.1)
    expect(outcome()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  })
})

describe('the total deadline of a run that waits (E2)', () => {
  test('stands still for the person', async () => {
    const { pass, answers, outcome } = await waiting(60, { timeoutMs: 1_000 })
    await pass(4)
    expect(outcome()).toBeUndefined()
    answers({ status: 'approved' })
    await pass(1.1)
    expect(outcome()).toMatchObject({ status: 'done', result: 'ran' })
  })

  test('holds again for the machines that come after', async () => {
    const { channel } = smallWorld()
    const stuck = { ...channel, look: never }
    const { pass, outcome, running } = await waiting(60, { timeoutMs: 1_000, approvals: stuck })
    await pass(6)
    await pass(1.1)
    await running
    expect(outcome()).toMatchObject({ status: 'unavailable' })
  })
})
