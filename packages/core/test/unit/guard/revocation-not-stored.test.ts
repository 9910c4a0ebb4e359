import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { overStore } from '../records/over-store.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, keys, reads, smallWorld, user, writes } from './small-world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }
const down = () => Promise.reject(new StoreError('unavailable', 'no room'))
const unexpected = () => expect.unreachable('the store has no time')
const revoked = { status: 'denied', code: 'revoked' }

/** A process whose store refuses writes while it is full, and another process on the same data. */
function twoProcesses() {
  const world = smallWorld()
  const state = { isFull: true, refused: (key: string) => key.startsWith('revoked') }
  const store = tapped(world.store, (operation, key, next) =>
    operation === 'put' && state.isFull && state.refused(key) ? down() : next(),
  )
  const run = (behalf: ReturnType<typeof world.guard>, over: Parameters<typeof world.call>[0] = {}, rules = reads) =>
    behalf.run(rules, world.call({ slot: `${Math.random()}`, ...over }), () => 'ran')
  return { ...world, state, run, here: () => world.guard({ store }), there: () => world.guard() }
}

describe('a revocation that the store refuses', () => {
  test(
    verifies('I9', 'rejects, and ends the access in this process: of each guard, for reads and writes'),
    async () => {
      const { here, run } = twoProcesses()
      const [behalf, other] = [here(), here()]
      for (const each of [behalf, other]) expect(await run(each)).toMatchObject({ status: 'done' })
      await expect(behalf.revoke(ann)).rejects.toMatchObject({ code: 'ERR_STORE', reason: 'unavailable' })
      for (const each of [behalf, other]) {
        expect(await run(each)).toMatchObject(revoked)
        expect(await run(each, {}, writes as never)).toMatchObject(revoked)
        expect(await each.visible({ pay: reads }, user())).toMatchObject({ names: [] })
        await expect(each.approvals.list({ identity: user(), as: 'owner' })).rejects.toMatchObject({
          reason: 'inactive',
        })
      }
      expect(await run(behalf, { identity: user({ subject: 'bob' }) })).toMatchObject({ status: 'done' })
    },
  )

  test(verifies('I9', 'is stored when it is made again, and other processes see it from then on'), async () => {
    const { here, there, run, state, clock } = twoProcesses()
    const [behalf, away] = [here(), there()]
    await expect(behalf.revoke(ann)).rejects.toBeInstanceOf(StoreError)
    expect(await run(away)).toMatchObject({ status: 'done' })
    state.isFull = false
    await behalf.revoke(ann)
    clock.advance(5)
    for (const each of [behalf, away]) expect(await run(each)).toMatchObject(revoked)
    clock.advance(31)
    const identity = user({ claims: { iat: clock.now() / 1000 } })
    for (const each of [behalf, away]) expect(await run(each, { identity })).toMatchObject({ status: 'done' })
  })

  test(verifies('I9', 'is stored with the next one of its name, and until then stays in force'), async () => {
    const { here, there, run, state } = twoProcesses()
    const behalf = here()
    await expect(behalf.revoke({ ...ann, tenant: 'one' })).rejects.toBeInstanceOf(StoreError)
    state.isFull = false
    await behalf.revoke({ ...ann, tenant: 'two' })
    for (const tenant of ['one', 'two']) {
      for (const each of [behalf, there()])
        expect(await run(each, { identity: user({ tenant }) })).toMatchObject(revoked)
    }
    expect(await run(behalf, { identity: user({ tenant: 'three' }) })).toMatchObject({ status: 'done' })
  })

  test(verifies('I9', 'stays in force where the store was down, and answers again'), async () => {
    const { guard, store, run } = { ...smallWorld(), ...twoProcesses() }
    let isDown = true
    const flaky = overStore(
      tapped(store, (_operation, _key, next) => (isDown ? down() : next())),
      { now: () => (isDown ? down() : store.now()) },
    )
    const behalf = guard({ store: flaky })
    await expect(behalf.revoke(ann)).rejects.toBeInstanceOf(StoreError)
    expect(await run(behalf)).toMatchObject({ status: 'unavailable' })
    isDown = false
    expect(await run(behalf)).toMatchObject(revoked)
  })

  test(
    verifies('I9', 'is seen by other processes within a minute, where only the generation was not written'),
    async () => {
      const { here, guard, run, state, clock } = twoProcesses()
      state.refused = (key) => key.startsWith('revoked-generation:')
      const there = guard({ revocationSeconds: 3600 })
      expect(await run(there)).toMatchObject({ status: 'done' })
      await expect(here().revoke(ann)).rejects.toBeInstanceOf(StoreError)
      clock.advance(59)
      expect(await run(there)).toMatchObject({ status: 'done' })
      clock.advance(1)
      expect(await run(there)).toMatchObject(revoked)
    },
  )
})

test(
  verifies('I9', 'a revocation counts in its process before it is stored, and before the store has told the time'),
  async () => {
    for (const step of ['now', 'put'] as const) {
      const { guard, call, store } = smallWorld()
      const begun = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      const wait = async () => {
        begun.resolve()
        await released.promise
      }
      const slow = overStore(store, {
        now: async () => {
          if (step === 'now') await wait()
          return store.now()
        },
        put: async (key, ...rest) => {
          if (step === 'put' && key.startsWith('revoked:')) await wait()
          return store.put(key, ...rest)
        },
      })
      const behalf = guard({ store: slow })
      expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
      const revoking = behalf.revoke(ann)
      await begun.promise
      expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject(revoked)
      released.resolve()
      await revoking
      expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject(revoked)
    }
  },
)

describe('after 10,000 sessions that could not be stored', () => {
  /** A process, and a way to end sessions in it that refuses no write but where the store is full. */
  async function crowded() {
    const { guard, call, store, clock } = smallWorld()
    const state = { isFull: true }
    const full = overStore(store, { now: () => (state.isFull ? down() : store.now()) })
    const behalf = guard({ store: full })
    const revocations = new Revocations(openStoreKeys(full, keys))
    const refused = (more: object) =>
      revocations.add({ issuer: ISSUER, ...more }, clock.now()).then(unexpected, (error) => {
        expect(error).toBeInstanceOf(StoreError)
      })
    for (let session = 0; session < 10_000; session++) await refused({ subject: 'eve', session: `s-${session}` })
    const run = (subject: string, sessionId: string) =>
      behalf.run(reads, call({ identity: user({ subject, sessionId }) }), () => 'ran')
    return { behalf, refused, run, state }
  }

  test(verifies('I9', 'one more is ended too, whether its user is named or not, and no other session'), async () => {
    const { refused, run } = await crowded()
    await refused({ subject: 'eve', session: 'one more' })
    await refused({ session: 'of bob' })
    await refused({ subject: 'carol' })
    for (const [subject, session] of [
      ['eve', 's-0'],
      ['eve', 's-9999'],
      ['eve', 'one more'],
      ['bob', 'of bob'],
      ['carol', 'of carol'],
    ] as const)
      expect(await run(subject, session), session).toMatchObject(revoked)
    for (const [subject, session] of [
      ['eve', 'another'],
      ['bob', 'another of bob'],
      ['ann', 'of ann'],
    ] as const)
      expect(await run(subject, session), session).toMatchObject({ status: 'done' })
  })

  test(verifies('I9', '5,000 more are ended, and no other session'), async () => {
    const { refused, run } = await crowded()
    for (let session = 0; session < 5_000; session++) await refused({ session: `more-${session}` })
    for (let session = 0; session < 5_000; session += 997)
      expect(await run('bob', `more-${session}`)).toMatchObject(revoked)
    for (let session = 0; session < 100; session++)
      expect(await run('bob', `b-${session}`)).toMatchObject({ status: 'done' })
  })

  test(verifies('I9', 'a logout that is stored ends its session, and no other of its user'), async () => {
    const { behalf, run, state } = await crowded()
    state.isFull = false
    for (const whose of [{ subject: 'ann', session: 'phone' }, { session: 'tablet' }])
      await behalf.revoke({ issuer: ISSUER, ...whose })
    for (const session of ['phone', 'tablet']) expect(await run('ann', session)).toMatchObject(revoked)
    expect(await run('ann', 'desktop')).toMatchObject({ status: 'done' })
  })
})
