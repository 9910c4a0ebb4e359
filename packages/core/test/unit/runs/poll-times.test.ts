import { verifies } from '@behalf/testing/requirements'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { TransportError } from '../../../src/base/errors/index.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/runs/channels/approval-channel.ts'
import { nextPollAt } from '../../../src/runs/poll-times.ts'
import { asks, smallWorld, user } from '../guard/small-world.ts'
import { record, servers, testChannel, testLedger, told } from './harness.ts'

afterEach(() => vi.restoreAllMocks())

const unusable = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -5,
  0,
  '5',
  null,
] as unknown as readonly number[]

/** A guard whose channel answers as the test says, called every second by an app that polls too often. */
function polledWorld(channel: Partial<ApprovalChannel>) {
  const { guard, call, clock } = smallWorld()
  const polls: number[] = []
  const start = clock.now() / 1000
  const approvals: ApprovalChannel = {
    specificationVersion: 2,
    ask: async () => ({ state: {} }),
    ...channel,
    poll: (...given) => {
      polls.push(clock.now() / 1000 - start)
      return channel.poll?.(...given) ?? Promise.resolve({ status: 'pending' })
    },
  }
  const behalf = guard({ approvals })
  const every = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await behalf.run(asks, call(), () => 'ran')
      clock.advance(1)
    }
  }
  return { behalf, call, clock, polls, every }
}

describe('an interval or a wait that a channel names and that is no number of seconds', () => {
  test.each(unusable)('as the interval of a question, %s is the default of 5 s', async (interval) => {
    const { every, polls } = polledWorld({ ask: async () => ({ state: {}, interval }) })
    await every(12)
    expect(polls).toEqual([5, 10])
  })

  test.each(unusable)('as the interval of a later poll, %s changes nothing', async (interval) => {
    const { every, polls } = polledWorld({
      ask: async () => ({ state: {}, interval: 4 }),
      poll: async () => ({ status: 'pending', interval }),
    })
    await every(10)
    expect(polls).toEqual([4, 8])
  })

  test.each(unusable)('as `retryAfter`, in an answer or an error, %s changes nothing', async (retryAfter) => {
    for (const look of [
      async (): Promise<ApprovalAnswer> => ({ status: 'pending', retryAfter }),
      () => Promise.reject(new TransportError('down', { retryAfter })),
    ]) {
      const { every, polls } = polledWorld({ poll: look })
      await every(12)
      expect(polls).toEqual([5, 10])
    }
  })

  test('as `retryAfter` of an error in sending, it is not told to the caller', async () => {
    for (const retryAfter of unusable.filter((value) => value !== 0)) {
      const { behalf, call } = polledWorld({ ask: () => Promise.reject(new TransportError('down', { retryAfter })) })
      const outcome = await behalf.run(asks, call(), () => 'ran')
      expect(outcome.status).toBe('unavailable')
      expect(outcome).not.toHaveProperty('retryAfter')
    }
  })

  test.each([...unusable, 1])('as the end of a delivery, %s is the end of the question', async (expiresAt) => {
    const { behalf, call, clock } = polledWorld({ ask: async () => ({ state: {}, expiresAt }) })
    const asked = await behalf.run(asks, call(), () => 'ran')
    const end = clock.now() / 1000 + 3600
    expect(asked).toMatchObject({ status: 'interrupted', interrupt: { interval: 5, expiresAt: end } })
  })

  test('the smallest interval is one that lets time pass', async () => {
    const { runStore, clock } = testLedger()
    const entry = await runStore.create(record('r'))
    const { channel } = testChannel()
    const tiny = { ...channel, ask: async () => ({ state: {}, interval: Number.MIN_VALUE }) }
    if (entry === undefined) throw new Error('not created')
    const settled = await advanceRun(runStore, entry, tiny, { authorizationServers: servers, clock })
    expect(settled.entry.record.question?.delivery).toMatchObject({ interval: 0.01 })
  })
})

describe('a wait that is longer than the question lives', () => {
  test.each([3600, 86_400, 1e9, Number.MAX_VALUE])(
    'an interval of %d s: one poll before the end, and the question ends then',
    async (interval) => {
      const { behalf, call, clock, polls } = polledWorld({ ask: async () => ({ state: {}, interval }) })
      expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ interrupt: { interval: 3598 } })
      clock.advance(3598)
      expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ interrupt: { interval: 2 } })
      clock.advance(2)
      expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_expired' })
      expect(polls).toEqual([3598])
    },
  )

  test.each([{ interval: 1e9 }, { retryAfter: 1e9 }])('%j, named by a poll: the same', async (named) => {
    const { behalf, call, clock, polls } = polledWorld({ poll: async () => ({ status: 'pending', ...named }) })
    for (const seconds of [0, 5, 3593]) {
      clock.advance(seconds)
      expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
    }
    expect(polls).toEqual([5, 3598])
    clock.advance(32)
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_expired' })
  })

  test('a delivery that is shorter than the question is sent again at its end', async () => {
    let sent = 0
    const { behalf, call, clock, polls } = polledWorld({
      ask: async (_, context) => ({ state: { n: ++sent }, interval: 1e9, expiresAt: context.clock.now() / 1000 + 300 }),
    })
    for (const seconds of [0, 298, 2]) {
      clock.advance(seconds)
      await behalf.run(asks, call(), () => 'ran')
    }
    expect(polls).toEqual([298])
    expect(sent).toBe(2)
  })
})

describe('the next poll', () => {
  const random = () => vi.spyOn(Math, 'random').mockRestore()
  const now = 1_000

  test('never comes sooner than the interval after the last response, while the question lives', () => {
    random()
    for (const interval of [1, 5, 31, 300]) {
      for (const retryAfter of [undefined, 1, 40, 1e6]) {
        for (let left = interval + 2; left < 4_000; left += 37) {
          const at = nextPollAt({ now, interval, before: interval, retryAfter, end: now + left })
          expect(at - now).toBeGreaterThanOrEqual(interval)
        }
      }
    }
  })

  test('is not made early to come before the end', () => {
    // 100 s before the end, with an interval of 300 s: no answer of that poll would count.
    expect(nextPollAt({ now, interval: 300, before: 300, end: now + 100 })).toBe(now + 300)
    // `slow_down` a moment before the end.
    expect(nextPollAt({ now, interval: 65, before: 60, end: now + 20 })).toBe(now + 65)
  })

  test(verifies('A4', 'comes at a random time, so that many questions do not poll together'), () => {
    random()
    // 73 questions that were sent in one moment, and ten polls of each.
    const questions = Array.from({ length: 73 }, () => {
      const times = [nextPollAt({ now, interval: 5, before: 0, end: now + 3_600 })]
      while (times.length < 10) {
        times.push(nextPollAt({ now: times.at(-1) ?? now, interval: 5, before: 5, end: now + 3_600 }))
      }
      return times
    })
    for (const times of questions) {
      times.forEach((at, index) => {
        const wait = at - (times[index - 1] ?? now)
        expect(wait).toBeGreaterThanOrEqual(5)
        expect(wait).toBeLessThanOrEqual(index === 0 ? 7.5 : 6)
      })
    }
    const all = questions.flat()
    const busiest = Math.max(...all.map((from) => all.filter((at) => at >= from && at < from + 0.1).length))
    expect(busiest).toBeLessThan(18)
  })

  test('of many questions that were sent at once is at different times, for any caller', async () => {
    random()
    const { behalf, call, clock, polls } = polledWorld({})
    const calls = Array.from({ length: 19 }, (_, at) => call({ identity: user({ subject: `user-${at}` }) }))
    const askAll = () => Promise.all(calls.map((each) => behalf.run(asks, each, () => 'ran')))
    for (const outcome of await askAll()) expect(outcome.status).toBe('interrupted')
    clock.advance(4.9)
    for (let step = 0; step < 28; step++, clock.advance(0.1)) await askAll()
    // The first polls of all, in 2.5 s after the interval.
    expect(polls).toHaveLength(calls.length)
    expect(Math.min(...polls)).toBeGreaterThanOrEqual(5)
    const times = polls.map((at) => at.toFixed(1))
    expect(Math.max(...times.map((at) => times.filter((other) => other === at).length))).toBeLessThan(10)
  })

  test('is delayed by 10 s at most', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    expect(nextPollAt({ now, interval: 1_000, before: 1_000, end: now + 10_000 })).toBe(now + 1_010)
  })
})

describe('what an app is told of the next poll is never early', () => {
  test('while another process sends the question', async () => {
    const world = smallWorld()
    let release = () => {}
    world.failsToAsk(() => new Promise<void>((resolve) => (release = resolve)))
    const first = world.guard().run(asks, world.call(), () => 'ran')
    await expect.poll(async () => (await world.guard().run(asks, world.call(), () => 'ran')).status).toBe('interrupted')
    expect(await world.guard().run(asks, world.call(), () => 'ran')).toMatchObject({ interrupt: { interval: 5 } })
    release()
    await first
  })

  test('while another process polls: the interval begins with the response that it gets', async () => {
    const world = smallWorld()
    await world.guard().run(asks, world.call(), () => 'ran')
    world.clock.advance(9)
    let release = () => {}
    world.answers(() => new Promise<ApprovalAnswer>((resolve) => (release = () => resolve({ status: 'pending' }))))
    const polling = world.guard().run(asks, world.call(), () => 'ran')
    await expect.poll(() => world.looks.length).toBe(1)
    expect(await world.guard().run(asks, world.call(), () => 'ran')).toMatchObject({ interrupt: { interval: 5 } })
    // A slow poll.
    world.clock.advance(20)
    release()
    expect(await polling).toMatchObject({ interrupt: { interval: 5 } })
    world.clock.advance(4.9)
    await world.guard().run(asks, world.call(), () => 'ran')
    expect(world.looks).toHaveLength(1)
  })
})

/** Another process, after one that died while it polled. */
async function afterADeath(interval: number, lifetime: number) {
  const { runStore, store, clock } = testLedger()
  const { channel, looks, answers } = testChannel()
  const now = clock.now() / 1000
  const delivery = { state: {}, interval, nextPollAt: now, expiresAt: now + lifetime }
  const entry = await runStore.create(record('r', { state: 'pending', delivery }))
  if (entry === undefined) throw new Error('not created')
  answers(() => new Promise<never>(() => {}))
  const context = { authorizationServers: servers, clock }
  void advanceRun(runStore, entry, channel, context)
  await expect.poll(() => looks.length).toBe(1)
  answers({ status: 'pending' })
  const other = testLedger({ store, clock }).runStore
  const settleAfter = async (seconds: number) => {
    clock.advance(seconds)
    return (await advanceRun(other, entry, channel, context)).entry.record
  }
  return { settleAfter, looks }
}

test(verifies('A4', 'a process that dies while it polls leaves its question alone for the interval'), async () => {
  const { settleAfter, looks } = await afterADeath(300, 3600)
  await settleAfter(299)
  expect(looks).toHaveLength(1)
  await settleAfter(1)
  expect(looks).toHaveLength(2)
})

test('and for no longer than the question lives', async () => {
  const { settleAfter, looks } = await afterADeath(1e9, 60)
  expect(told(await settleAfter(89))).toMatchObject({ state: 'pending', sends: 0 })
  expect(told(await settleAfter(1))).toMatchObject({ sends: 1 })
  expect(looks).toHaveLength(2)
})
