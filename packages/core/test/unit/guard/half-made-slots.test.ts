import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { quiet } from './passing-time.ts'
import { asks, smallWorld, user, writes } from './small-world.ts'

const DAY = 86_400

/** Calls by a user whose proof is always new, and by a process that dies as it is about to write a run. */
function world() {
  const { guard, call, clock, store, answers } = smallWorld()
  const behalf = guard()
  const identity = () => user({ claims: { iat: clock.now() / 1000 } })
  const at = (slot: string) => call({ slot, identity: identity() })
  const dies = async (rules: typeof asks, slot: string) => {
    const died = Promise.withResolvers<void>()
    const dying = guard({
      store: tapped(store, (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:')) return next()
        died.resolve()
        return new Promise(() => {})
      }),
    })
    void dying.run(rules, at(slot), () => 'never')
    await died.promise
    await quiet()
  }
  const again = (rules: typeof asks, slot: string) => behalf.run(rules, at(slot), () => 'paid again')
  /**
   * Slot two is of the run of slot one, and a process died before that run listed it. The run then fails as the call of
   * `slot`, and 29 days later its user says that it ran.
   */
  const endsLate = async (slot: string) => {
    await behalf.preflight(asks, at('one'))
    await dies(asks, 'two')
    answers({ status: 'approved' })
    clock.advance(6)
    const fails = () => Promise.reject(new Error('the API said 500'))
    await expect(behalf.run(asks, at(slot), fails)).rejects.toThrow('the API said 500')
    clock.advance(29 * DAY)
    const [stuck] = await behalf.approvals.list({ identity: identity(), as: 'owner' })
    await behalf.approvals.resolve(stuck?.id ?? '', 'ran', { identity: identity(), result: 'paid' })
  }
  return { behalf, clock, at, dies, again, endsLate }
}

describe('a slot whose process died between two writes finds its run for 30 days (A12)', () => {
  test(verifies('A12', 'where the run is made 20 days later'), async () => {
    const { behalf, clock, at, dies, again } = world()
    await dies(writes, 'one')
    clock.advance(20 * DAY)
    expect(await behalf.run(writes, at('one'), () => 'paid')).toMatchObject({ status: 'done', result: 'paid' })
    clock.advance(29 * DAY)
    expect(await again(writes, 'one')).toMatchObject({ status: 'done', result: 'paid' })
  })

  test(verifies('A12', 'where the run ends late, and lists it by then'), async () => {
    const { clock, again, endsLate } = world()
    await endsLate('two')
    clock.advance(4 * DAY)
    for (const slot of ['one', 'two']) {
      expect(await again(asks, slot), slot).toMatchObject({ status: 'done', result: 'paid' })
    }
  })

  test(verifies('A12', 'where the run ended late, before it listed it'), async () => {
    const { clock, again, endsLate } = world()
    await endsLate('one')
    for (const days of [1, 28]) {
      clock.advance(days * DAY)
      expect(await again(asks, 'two')).toMatchObject({ status: 'done', result: 'paid' })
    }
  })
})

test(
  verifies('A12', 'a slot finds its run for 30 days after its end, where the clock of its maker was ahead'),
  async () => {
    const { guard, call, clock } = smallWorld()
    let ahead = 40 * DAY
    const behalf = guard({ clock: { ...clock, now: () => clock.now() + ahead * 1000 } })
    const at = () => call({ identity: user({ claims: { iat: clock.now() / 1000 + ahead } }) })
    const fails = () => Promise.reject(new Error('the API said 500'))
    await expect(behalf.run(writes, at(), fails)).rejects.toThrow('the API said 500')
    ahead = 0
    clock.advance(29 * DAY)
    const [stuck] = await behalf.approvals.list({ identity: user(), as: 'owner' })
    await behalf.approvals.resolve(stuck?.id ?? '', 'ran', { identity: user(), result: 'paid' })
    clock.advance(29 * DAY)
    expect(await behalf.run(writes, at(), () => 'paid again')).toMatchObject({ status: 'done', result: 'paid' })
  },
)

test.each([
  ['of the store is 31 days and a half ahead', 31.5, 0],
  ['of the store is 400 days ahead', 400, 0],
  ['of the process is 31 days and a half behind', 0, -31.5],
])(verifies('A12', 'a write runs once where the clock %s'), async (_, storeDays, processDays) => {
  const { guard, call, clock } = smallWorld()
  const off = (days: number) => ({ now: () => clock.now() + days * DAY * 1000 })
  const behalf = guard({ store: memoryStore({ clock: off(storeDays) }), clock: { ...clock, ...off(processDays) } })
  const identity = user({ claims: { iat: clock.now() / 1000 + processDays * DAY } })
  for (const result of ['paid', 'paid again']) {
    const outcome = await behalf.run(writes, call({ identity }), () => result)
    expect(outcome).toMatchObject({ status: 'done', result: 'paid' })
  }
})
