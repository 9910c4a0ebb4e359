import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, reads, smallWorld, user, writes } from './small-world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }
const GENERATION = 'revoked-generation:'
const revoked = { status: 'denied', code: 'revoked' }

/** A process, whose reads of some rows a test counts and delays. What they return is read before the delay. */
function slowReads() {
  const world = smallWorld()
  const state = { reads: [] as string[], delay: async (_key: string): Promise<void> => {} }
  const store = tapped(world.store, async (operation, key, next) => {
    if (operation !== 'get') return next()
    state.reads.push(key.slice(0, key.indexOf(':') + 1))
    const found = await next()
    await state.delay(key)
    return found
  })
  const behalf = world.guard({ store })
  const run = (subject = 'ann', rules: typeof reads | typeof writes = reads) =>
    behalf.run(rules as never, world.call({ slot: subject, identity: user({ subject }) }), () => 'ran')
  /** Delays the next read of such a row until it is released. */
  const holdNext = (kind: string) => {
    const begun = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    state.delay = async (key) => {
      if (!key.startsWith(kind)) return
      state.delay = async () => {}
      begun.resolve()
      await released.promise
    }
    return { begun: begun.promise, release: released.resolve }
  }
  const count = (kind: string) => state.reads.filter((read) => read === kind).length
  return { ...world, state, behalf, run, holdNext, count }
}

describe('the generation of revocations', () => {
  test('is as old as the beginning of its read, by the clock on the wall', async () => {
    const { behalf, state, clock, count } = slowReads()
    state.delay = async (key) => clock.advance(key.startsWith(GENERATION) ? 6 : 0)
    for (let times = 0; times < 2; times++) await behalf.visible({ pay: reads }, user())
    expect(count(GENERATION)).toBe(2)
  })

  test('and by a monotonic clock, while the one on the wall stands still', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { behalf, state, count } = slowReads()
    state.delay = async (key) => void vi.advanceTimersByTime(key.startsWith(GENERATION) ? 6_000 : 0)
    for (let times = 0; times < 2; times++) await behalf.visible({ pay: reads }, user())
    expect(count(GENERATION)).toBe(2)
  })

  test(verifies('I9', 'is not taken from a read that another call began before the revocation'), async () => {
    const { run, guard, clock, holdNext } = slowReads()
    expect(await run()).toMatchObject({ status: 'done' })
    clock.advance(6)
    const { begun, release } = holdNext(GENERATION)
    const early = run('bob')
    await begun
    clock.advance(6)
    await guard().revoke(ann)
    const late = run()
    release()
    expect(await late).toMatchObject(revoked)
    expect(await early).toMatchObject({ status: 'done' })
  })

  test(verifies('I9', 'decides no write: its names are read, whatever read is under way'), async () => {
    const { run, guard, clock, holdNext } = slowReads()
    expect(await run()).toMatchObject({ status: 'done' })
    clock.advance(6)
    const { begun, release } = holdNext(GENERATION)
    const early = run('bob')
    await begun
    await guard().revoke(ann)
    expect(await run('ann', writes)).toMatchObject(revoked)
    expect(await run('carol', writes)).toMatchObject({ status: 'done' })
    release()
    expect(await early).toMatchObject({ status: 'done' })
  })

  test(
    verifies('I9', 'lets no call of a user pass that cannot read it, however lately the names were read'),
    async () => {
      const { run, behalf, call, state, clock, count } = slowReads()
      expect(await run()).toMatchObject({ status: 'done' })
      clock.advance(6)
      state.delay = (key) =>
        key.startsWith(GENERATION) ? Promise.reject(new StoreError('unavailable', 'down')) : Promise.resolve()
      for (const subject of ['ann', 'bob']) expect(await run(subject)).toMatchObject({ status: 'unavailable' })
      expect(await behalf.visible({ pay: reads }, user())).toMatchObject({ hidden: [{ reason: 'unavailable' }] })
      expect(await behalf.preflight(reads, call())).toMatchObject({ status: 'unavailable' })
      expect(count('revoked:')).toBe(1)
    },
  )
})

test(
  verifies('I9', 'a name whose read began before a revocation is read again, though its generation is newer'),
  async () => {
    const { run, guard, clock, holdNext } = slowReads()
    expect(await run('bob')).toMatchObject({ status: 'done' })
    const { begun, release } = holdNext('revoked:')
    const early = run()
    await begun
    await guard().revoke(ann)
    clock.advance(5)
    expect(await run('bob')).toMatchObject({ status: 'done' })
    release()
    await early
    expect(await run()).toMatchObject(revoked)
  },
)

test('a name counts for a minute at most from the beginning of its read, while the generation is unchanged', async () => {
  const { run, state, clock, count } = slowReads()
  state.delay = async (key) => clock.advance(key.startsWith('revoked:') ? 2 : 0)
  await run()
  for (const [seconds, reads] of [
    [57, 1],
    [1, 2],
  ] as const) {
    clock.advance(seconds)
    await run()
    expect(count('revoked:')).toBe(reads)
  }
})

test(
  verifies('I9', 'each guard over a store sees a revocation by another guard of its process when it resolves'),
  async () => {
    const { guard, call, store } = smallWorld()
    const [chat, admin] = [guard({ store, revocationSeconds: 3600 }), guard({ store })]
    const identities = [user(), user({ subject: 'bob', sessionId: 'of bob' })]
    const run = () => Promise.all(identities.map((identity) => chat.run(reads, call({ identity }), () => 'ran')))
    expect(await run()).toMatchObject([{ status: 'done' }, { status: 'done' }])
    await admin.revoke(ann)
    expect(await run()).toMatchObject([revoked, { status: 'done' }])
    await admin.revoke({ issuer: ISSUER, session: 'of bob' })
    expect(await run()).toMatchObject([revoked, revoked])
  },
)

describe('an identity that no verification made', () => {
  test.each([
    ['run', writes],
    ['run', reads],
    ['preflight', writes],
    ['preflight', reads],
    ['visible', reads],
  ] as const)('causes no read of the store: %s', async (how, rules) => {
    const { behalf, call, state } = slowReads()
    const identity = { ...user(), subject: `stranger-${Math.random()}`, kind: 'user', claims: {} } as never
    if (how === 'visible') {
      const { hidden } = await behalf.visible({ pay: rules }, identity)
      expect(hidden).toMatchObject([{ reason: 'identity_not_verified' }])
    } else {
      const outcome = await (how === 'run'
        ? behalf.run(rules as never, call({ identity }), () => 'ran')
        : behalf.preflight(rules as never, call({ identity })))
      expect(outcome).toMatchObject({ status: 'denied', code: 'identity_not_verified' })
    }
    expect(state.reads).toEqual([])
  })
})
