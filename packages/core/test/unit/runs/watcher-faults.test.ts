import { afterEach, describe, expect, test } from 'vitest'
import { StoreError, TransportError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { createWatcher } from '../../../src/entrypoints/watcher.ts'
import { createSealer, type StoreKeys } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/runs/channels/approval-channel.ts'
import { overStore } from '../records/over-store.ts'
import { type Crowd, crowd, listeningChannel, queueIn } from './crowd.ts'
import { stateIn } from './harness.ts'

const open: Crowd[] = []
const started = (channel: ApprovalChannel, store?: Store, keys?: StoreKeys): Crowd => {
  const made = crowd(channel, store, keys)
  open.push(made)
  return made
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
})

/** A watcher that is not started, and a question that is due for it. */
const idleWatcher = async () => {
  const { channel, looks } = listeningChannel(() => approved)
  const { add, store } = started(channel)
  await add(1)
  const watcher = createWatcher({
    authorizationServer: () => undefined,
    approvals: channel,
    store,
    onAnswer: () => {},
  })
  return { watcher, looks }
}

const pending: ApprovalAnswer = { status: 'pending', interval: 60 }
const approved: ApprovalAnswer = { status: 'approved' }

describe('faults', () => {
  test('a channel that fails is tried again, the others go on, and no wrong event is sent', async () => {
    const { channel } = listeningChannel((id, looks) => {
      if (id === 'q-0' && looks === 1) throw new TransportError('no answer')
      return approved
    })
    const target = started(channel)
    await target.add(3)
    target.watch()
    await expect.poll(() => target.told.length).toBe(3)
  })

  test('a log that is away stops no watcher and ends no process, whether it throws or rejects', async () => {
    const real = memoryStore()
    let outages = 2
    const store = overStore(real, {
      claimDue: (queue, options) =>
        outages-- > 0 ? Promise.reject(new StoreError('unavailable', 'away')) : real.claimDue(queue, options),
    })
    const target = started(listeningChannel(() => approved).channel, store)
    await target.add(1)
    let faults = 0
    target.watch({
      onFault: () => {
        if (++faults === 1) throw new Error('the log is away')
        return Promise.reject(new Error('the log is away')) as never
      },
    })
    await expect.poll(() => target.told.length).toBe(1)
    expect(faults).toBe(2)
  })

  test('a store that is away for a while is asked again', async () => {
    const { channel } = listeningChannel(() => approved)
    const real = memoryStore()
    let away = true
    const store = overStore(real, {
      claimDue: (queue, options) =>
        away ? Promise.reject(new StoreError('unavailable', 'away')) : real.claimDue(queue, options),
    })
    const target = started(channel, store)
    await target.add(1)
    const { watcher } = target.watch()
    await expect.poll(() => watcher.statistics().faults).toBeGreaterThan(1)
    expect(target.told).toEqual([])
    away = false
    await expect.poll(() => target.told.length).toBe(1)
  })

  test('a record that does not open holds up no other', async () => {
    const { channel } = listeningChannel(() => approved)
    const target = started(channel)
    await target.store.put('run:bad', new TextEncoder().encode('not sealed'), {
      ifVersion: null,
      due: { queue: await queueIn(target.store), inSeconds: 0 },
    })
    await target.add(3)
    target.watch()
    await expect.poll(() => target.told.length).toBe(3)
    expect(target.faults).toMatchObject([{ error: { code: 'ERR_STORE', reason: 'corrupt' }, id: undefined }])
  })

  test('a record that the store itself cannot read holds up no other', async () => {
    const { channel } = listeningChannel(() => approved)
    const real = memoryStore()
    let damaged = 3
    const store = overStore(real, {
      claimDue: (queue, options) =>
        damaged-- > 0 ? Promise.reject(new StoreError('corrupt', 'a damaged record')) : real.claimDue(queue, options),
    })
    const target = started(channel, store)
    await target.add(1)
    target.watch()
    await expect.poll(() => target.told.length).toBe(1)
    expect(target.faults).toHaveLength(3)
  })

  test.each(['corrupt', 'unknown_version'] as const)(
    'a store that is %s as a whole ends the watcher',
    async (reason) => {
      const { channel } = listeningChannel(() => approved)
      const store = overStore(memoryStore(), { claimDue: () => Promise.reject(new StoreError(reason, 'all of it')) })
      const { run } = started(channel, store).watch({ everyMs: 1 })
      await expect(run).rejects.toMatchObject({ code: 'ERR_STORE', reason })
    },
  )

  test('keys that open nothing end the watcher with the reason, not with silence', async () => {
    const { channel, looks } = listeningChannel(() => approved)
    const index = new Uint8Array(32).fill(8)
    const target = started(channel, memoryStore(), { seal: [new Uint8Array(32).fill(6)], index })
    await target.add(3)
    const { run } = target.watch({ keys: { seal: [new Uint8Array(32).fill(7)], index } })
    await expect(run).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'wrong_key' })
    expect(looks).toEqual([])
  })

  test('a record under a key that only others have holds up no other', async () => {
    const { channel } = listeningChannel(() => approved)
    const target = started(channel)
    await target.add(1)
    target.watch()
    await expect.poll(() => target.told.length).toBe(1)
    const other = createSealer([new Uint8Array(32).fill(7)])
    const sealed = await other.seal('run:theirs', new TextEncoder().encode('{}'))
    await target.store.put('run:theirs', sealed, {
      ifVersion: null,
      due: { queue: await queueIn(target.store), inSeconds: 0 },
    })
    await expect.poll(() => target.faults).toMatchObject([{ error: { reason: 'wrong_key' } }])
    await target.add(1, { name: 'ours' })
    await expect.poll(() => target.told.length).toBe(2)
  })

  test('a watcher of another app, with other keys, takes no question of this one and goes on', async () => {
    const { channel } = listeningChannel(() => approved)
    const store = memoryStore()
    const keysOf = (byte: number) => {
      const [seal, index] = [new Uint8Array(32).fill(byte), new Uint8Array(32).fill(byte + 1)]
      return { seal: [seal], index } as const
    }
    // Each process opens the one database by itself.
    const ours = started(channel, overStore(store, {}), keysOf(1))
    const theirs = started(channel, overStore(store, {}), keysOf(5))
    await ours.add(1, { name: 'ours' })
    await theirs.add(1, { name: 'theirs' })
    theirs.watch()
    await expect.poll(() => theirs.told).toMatchObject([{ id: 'theirs-0' }])
    ours.watch()
    await expect.poll(() => ours.told).toMatchObject([{ id: 'ours-0' }])
    expect([...ours.faults, ...theirs.faults]).toEqual([])
  })

  test('an app that cannot take an answer gets it again', async () => {
    const { channel } = listeningChannel(() => approved)
    let at = Date.now()
    const clock = { now: () => at }
    const target = started(channel, memoryStore({ clock }))
    await target.add(1)
    let tries = 0
    target.watch({
      clock,
      onAnswer: async () => {
        if (++tries === 1) throw new Error('the queue is down')
      },
    })
    await expect.poll(() => tries).toBe(1)
    expect((await target.state('q-0'))?.question).not.toHaveProperty('told')
    at += 61_000
    await expect.poll(() => tries).toBe(2)
    await expect.poll(async () => (await target.state('q-0'))?.question?.told).toBe(true)
    expect(target.faults).toMatchObject([{ id: 'q-0' }])
  })

  test('a question of a channel that this watcher lacks is left alone, and that is told', async () => {
    const { channel, looks } = listeningChannel(() => approved)
    const target = started(channel)
    await target.add(1)
    target.watch({ approvals: { other: channel } })
    await expect.poll(() => target.faults).toMatchObject([{ error: { code: 'ERR_CONFIGURATION' }, id: 'q-0' }])
    expect(looks).toEqual([])
    expect(stateIn(await target.state('q-0'))).toBe('pending')
  })
})

describe('stopping', () => {
  test('waits for what is under way, gives back what was not begun, and begins nothing', async () => {
    let answer: (value: ApprovalAnswer) => void = () => {}
    const { channel, looks } = listeningChannel(
      () =>
        new Promise<ApprovalAnswer>((resolve) => {
          answer = resolve
        }),
    )
    const target = started(channel)
    await target.add(5)
    const { run, stop, watcher } = target.watch({ maxPollsPerSecond: 1 })
    await expect.poll(() => looks.length).toBe(1)
    stop()
    let ended = false
    run.then(() => {
      ended = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(ended).toBe(false)
    expect(looks).toHaveLength(1)
    answer(approved)
    await run
    expect(target.told).toHaveLength(1)
    expect(watcher.statistics().underWay).toBe(0)
    // The other four are due at once for the next watcher, and not only when a claim has expired.
    expect(await target.runStore.claimPolls(10, 60)).toHaveLength(4)
  })

  test('one that is stopped before it began does nothing', async () => {
    const { watcher, looks } = await idleWatcher()
    await watcher.run(AbortSignal.abort())
    expect(looks).toEqual([])
  })

  test.each([
    ['an object with a signal', { signal: AbortSignal.abort() }],
    ['nothing', undefined],
  ])('one that is given %s in place of a signal is refused, and does nothing', async (_, given) => {
    const { watcher, looks } = await idleWatcher()
    await expect(watcher.run(given as never)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('watcher.run(signal)'),
    })
    expect(looks).toEqual([])
  })
})

describe('options that are wrong are refused at construction (E3)', () => {
  const good = {
    authorizationServer: () => undefined,
    approvals: listeningChannel(() => pending).channel,
    store: memoryStore(),
    onAnswer: () => {},
  }
  test.each([
    [{ authorizationServer: undefined }],
    [{ approvals: {} }],
    [{ approvals: { default: {} } }],
    [{ onAnswer: undefined }],
    [{ onFault: 'log' }],
    [{ maxPollsPerSecond: 0 }],
    [{ maxConcurrentPolls: -1 }],
    [{ everyMs: Number.NaN }],
    [{ interval: 5 }],
    [{ store: { ...memoryStore(), specificationVersion: 2, durable: true } }],
    [{ store: { specificationVersion: 3 } }],
  ])('%j', (over) => {
    expect(() => createWatcher({ ...good, ...over } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
    )
  })
})
