import { verifies } from '@behalf/testing/requirements'
import { afterEach, describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/runs/channels/approval-channel.ts'
import type { StoredQuestion } from '../../../src/runs/record.ts'
import { Pace, watchEntry, watcherSettings } from '../../../src/runs/watch-approvals.ts'
import { type Crowd, crowd, ISSUER, listeningChannel, queueIn } from './crowd.ts'
import { record, stateIn } from './harness.ts'

const open: Crowd[] = []
const started = (channel: ApprovalChannel, store?: Store): Crowd => {
  const made = crowd(channel, store)
  open.push(made)
  return made
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
})

const pending: ApprovalAnswer = { status: 'pending', interval: 60 }
const approved: ApprovalAnswer = { status: 'approved' }

describe('following', () => {
  test(verifies('A7', 'looks when a look is due, and tells the app how each question ended'), async () => {
    const { channel, looks } = listeningChannel((id) => {
      if (id === 'q-0') return approved
      return id === 'q-1' ? { status: 'denied' } : pending
    })
    const target = started(channel)
    await target.add(3)
    await target.add(1, { name: 'later', dueIn: 600 })
    const { watcher } = target.watch()
    await expect.poll(() => target.told.length).toBe(2)
    expect(target.told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'q-0', tool: 'create_order', state: 'approved' }),
        expect.objectContaining({ id: 'q-1', state: 'denied', owner: { issuer: ISSUER, subject: 'ann' } }),
      ]),
    )
    expect(looks.map(({ id }) => id).sort()).toEqual(['q-0', 'q-1', 'q-2'])
    expect(stateIn(await target.state('q-2'))).toBe('pending')
    expect(watcher.statistics()).toMatchObject({ polls: 3, notified: 2, faults: 0 })
    expect(target.faults).toEqual([])
  })

  test('goes on looking until there is an answer', async () => {
    const { channel } = listeningChannel((_, looks) => (looks < 3 ? { status: 'pending', interval: 1 } : approved))
    const target = started(channel)
    await target.add(1)
    target.watch()
    await expect.poll(() => target.told.length).toBe(1)
  })

  test('an answer that came in another way is told too, once', async () => {
    const { channel, looks } = listeningChannel(() => pending)
    const target = started(channel)
    await target.add(1, { dueIn: 600 })
    const entry = await target.runStore.read('q-0')
    if (entry === undefined) throw new Error('it is gone')
    // As if the app's own pages had taken it eleven seconds ago.
    await target.store.delete(entry.key)
    const { delivery: _, ...question } = entry.record.question as StoredQuestion
    const at = Date.now() / 1000 - 11
    const answer = { decision: 'approved', at, foundAt: at, usableUntil: at + 611 } as const
    await target.runStore.create({ ...entry.record, question: { ...question, answer } })
    await dueNow(target.store, entry.key)
    target.watch()
    await expect.poll(() => target.told.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(target.told).toMatchObject([{ id: 'q-0', state: 'approved' }])
    expect(looks).toEqual([])
    expect(await target.state('q-0')).toMatchObject({ question: { answer: { decision: 'approved' }, told: true } })
  })

  test('a question whose sender died is sent', async () => {
    const { channel, sent } = listeningChannel(() => approved)
    const target = started(channel)
    const question = { ...baseQuestion(), expiresAt: Date.now() / 1000 + 600 }
    const made = await target.runStore.create(record('unsent', { question, createdAt: 0 }))
    await dueNow(target.store, made?.key ?? '')
    target.watch()
    await expect.poll(() => target.told.length).toBe(1)
    expect(sent).toEqual(['unsent'])
  })

  test('an unanswered question expires, and the app is notified', async () => {
    const { channel } = listeningChannel(() => ({ status: 'expired' }))
    const target = started(channel)
    await target.add(1, { lifetime: 0.05 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    target.watch()
    await expect.poll(() => target.told).toMatchObject([{ id: 'q-0', state: 'expired' }])
  })
})

/** As if the time until the next look had passed. */
async function dueNow(store: Store, key: string) {
  const found = await store.get(key)
  if (found === undefined) throw new Error('it is gone')
  await store.put(key, found.value, { ifVersion: found.version, due: { queue: await queueIn(store), inSeconds: 0 } })
}

const baseQuestion = () => ({
  id: 'question-1',
  approver: { issuer: ISSUER, subject: 'ann' },
  message: 'Buy 50 shares of AAPL',
  details: [],
  channel: 'default',
})

test('a watcher whose clock is behind that of the process that asked goes on with the other questions', async () => {
  const behind = { ahead: 0 }
  const store = memoryStore({ clock: { now: () => Date.now() + behind.ahead } })
  const { channel, looks } = listeningChannel(() => approved)
  const target = started(channel, store)
  await target.add(4)
  const { watcher } = target.watch({ maxConcurrentPolls: 8, clock: { now: () => Date.now() - 3_600_000 } })
  // Each claim ends after a minute.
  for (let claims = 1; claims <= 4; claims++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    behind.ahead += 61_000
  }
  expect(looks).toEqual([])
  expect(watcher.statistics().underWay).toBe(0)
  await target.add(1, { name: 'ours', dueIn: -3601, lifetime: 60 })
  await expect.poll(() => looks.map(({ id }) => id)).toEqual(['ours-0'])
})

describe('several watchers', () => {
  test('share the work: no question is polled twice, and the app is notified once', async () => {
    const { channel, looks } = listeningChannel(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return approved
    })
    const target = started(channel)
    await target.add(300)
    const watchers = [target.watch(), target.watch(), target.watch()]
    await expect.poll(() => target.told.length).toBe(300)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(new Set(looks.map(({ id }) => id)).size).toBe(300)
    expect(looks).toHaveLength(300)
    expect(target.told).toHaveLength(300)
    const shares = watchers.map(({ watcher }) => watcher.statistics().polls)
    expect(shares.reduce((sum, share) => sum + share)).toBe(300)
    expect(shares.filter((share) => share > 0).length).toBeGreaterThan(1)
  })

  test('one that read a question before another told its end does not tell it again', async () => {
    const { channel } = listeningChannel(() => approved)
    const target = started(channel)
    await target.add(1)
    const settings = watcherSettings({
      authorizationServer: () => undefined,
      approvals: channel,
      store: target.store,
      onAnswer: (answer) => void target.told.push(answer),
    })
    const entry = await target.runStore.read('q-0')
    if (entry === undefined) throw new Error('it is gone')
    expect(await watchEntry(entry, settings)).toBe('told')
    const record = (await target.state('q-0')) ?? entry.record
    const { told: _, ...question } = record.question as StoredQuestion
    expect(await watchEntry({ ...entry, record: { ...record, question } }, settings)).toBe('open')
    expect(target.told).toHaveLength(1)
  })

  test('one that died before it told the app is replaced', async () => {
    const { channel } = listeningChannel(() => approved)
    const clock = { now: () => at }
    let at = Date.now()
    const store = memoryStore({ clock })
    const target = started(channel, store)
    await target.add(1)
    // The first watcher claims, finds the answer, and never comes back from telling.
    const dead = target.watch({ clock, maxConcurrentPolls: 1, onAnswer: () => new Promise(() => {}) })
    await expect.poll(async () => stateIn(await target.state('q-0'))).toBe('approved')
    const second = target.watch({ clock })
    at += 30_000
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Its lease holds: it may yet tell.
    expect(target.told).toEqual([])
    at += 61_000
    await expect.poll(() => target.told).toMatchObject([{ id: 'q-0', state: 'approved' }])
    await expect.poll(() => second.watcher.statistics().notified).toBe(1)
    open.splice(open.indexOf(target), 1)
    second.stop()
    dead.stop()
    await second.run
  })

  test('one that died after it claimed is replaced, and what it had claimed is looked at', async () => {
    const { channel } = listeningChannel(() => approved)
    let at = Date.now()
    const clock = { now: () => at }
    const store = memoryStore({ clock })
    const target = started(channel, store)
    await target.add(5)
    expect(await target.runStore.claimPolls(5, 60)).toHaveLength(5)
    target.watch({ clock })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(target.told).toEqual([])
    at += 61_000
    await expect.poll(() => target.told.length).toBe(5)
  })
})

describe('the pace', () => {
  test('no more looks a second than an issuer may have, and each issuer has its own', async () => {
    const { channel, looks } = listeningChannel(() => pending)
    const target = started(channel)
    await target.add(60, { name: 'one' })
    await target.add(60, { name: 'two', issuer: 'https://other.example' })
    const startedAt = performance.now()
    target.watch({ maxPollsPerSecond: 40 })
    await expect.poll(() => looks.length).toBe(120)
    for (const name of ['one', 'two']) {
      const last = looks.filter(({ id }) => id.startsWith(name)).at(-1)
      // Sixty of them, a fortieth of a second apart; a timer may be a little early.
      expect((last?.at ?? 0) - startedAt, name).toBeGreaterThan(59 * 25 - 25)
    }
  })

  test('moments are given out one by one, for each issuer apart, and time that went by is not made up for', () => {
    const pace = new Pace(10)
    expect([0, 0, 50].map((now) => pace.reserve('one', now))).toEqual([0, 100, 150])
    expect(pace.reserve('two', 50)).toBe(0)
    expect(pace.backlog('one', 50)).toBe(250)
    expect(pace.backlog('three', 50)).toBe(0)
    expect([1_000, 1_000].map((now) => pace.reserve('one', now))).toEqual([0, 100])
  })

  test('an issuer with too many questions does not hold up the others', async () => {
    const { channel, looks } = listeningChannel(() => pending)
    const target = started(channel)
    await target.add(200, { name: 'many' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await target.add(1, { name: 'few', issuer: 'https://other.example' })
    const { watcher } = target.watch({ maxPollsPerSecond: 2 })
    await expect.poll(() => looks.some(({ id }) => id === 'few-0')).toBe(true)
    expect(watcher.statistics().postponed).toBeGreaterThan(100)
    expect(looks.length).toBeLessThan(20)
  })

  test('no more looks at a time than were allowed', async () => {
    const held = listeningChannel(() => new Promise((resolve) => setTimeout(resolve, 50, pending)))
    const target = started(held.channel)
    await target.add(40)
    target.watch({ maxConcurrentPolls: 7 })
    await expect.poll(() => held.looks.length).toBe(40)
    expect(held.mostUnderWay()).toBe(7)
  })
})
