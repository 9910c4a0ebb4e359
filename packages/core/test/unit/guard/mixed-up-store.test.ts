import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { passingTime, stopTime } from './passing-time.ts'
import { asks, ISSUER, schema, smallWorld, user, writes } from './small-world.ts'

/** A store that returns the runs of its first query for every user. */
function mixedUp() {
  const world = smallWorld()
  let first: string | undefined
  let hasRevoked = false
  const store = tapped(world.store, (operation, key, next) => {
    // A revocation lists runs first, then what has indexes of its own.
    if (operation === 'put' && key.startsWith('revoked:')) hasRevoked = true
    const isOfRuns = operation === 'list' && (hasRevoked ? key.startsWith('session:') : /^(approver|owner):/.test(key))
    if (!isOfRuns) return next()
    hasRevoked = false
    first ??= key
    return world.store.list(first, { limit: 100 })
  })
  return { ...world, behalf: world.guard({ store }), honest: world.guard() }
}

describe('a store that mixes up whose is what', () => {
  test('shows an approver no question of another one (A8)', async () => {
    const { behalf, honest, call } = mixedUp()
    const asksBoss = policy(schema, {
      approval: { message: () => 'Pay?', approver: () => ({ issuer: ISSUER, subject: 'boss' }) },
    })
    await honest.run(asksBoss, call(), () => 'ran')
    const [boss, other] = [user({ subject: 'boss' }), user({ subject: 'other' })]
    expect(await behalf.approvals.list({ identity: boss, as: 'approver' })).toHaveLength(1)
    expect(await behalf.approvals.list({ identity: other, as: 'approver' })).toEqual([])
  })

  test('shows an owner no run of another one (A8)', async () => {
    const { behalf, honest, call } = mixedUp()
    await honest.run(asks, call(), () => 'ran')
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toHaveLength(1)
    expect(await behalf.approvals.list({ identity: user({ subject: 'bob' }), as: 'owner' })).toEqual([])
  })

  test('makes a revocation end nothing of another user or session (I9)', async () => {
    const { behalf, honest, call } = mixedUp()
    await honest.run(asks, call({ identity: user({ sessionId: 'one' }) }), () => 'ran')
    const ends = async (over: object) => (await behalf.revoke({ issuer: ISSUER, session: 'one', ...over })).approvals
    expect(await ends({ subject: 'bob' })).toBe(0)
    expect(await ends({ session: 'two' })).toBe(0)
    expect(await ends({ tenant: 'other' })).toBe(0)
    expect(await ends({})).toBe(1)
  })
})

describe('a store that says at every write that another writer was faster', () => {
  test.each(['slot:', 'open:', 'run:', 'lease:'])(
    'of a %s key: the call ends as unavailable after a bounded number of writes, and nothing runs',
    async (kind) => {
      const { guard, call, store: honest } = smallWorld()
      let refused = 0
      const store = tapped(honest, (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith(kind)) return next()
        refused++
        return Promise.resolve('conflict')
      })
      stopTime()
      // The deadline of the call is too far off to end what has no bound of its own.
      const running = guard({ store, timeoutMs: 2 ** 31 - 1 }).run(
        kind === 'open:' ? asks : writes,
        call(),
        () => 'ran',
      )
      expect(await passingTime(running)).toMatchObject({ status: 'unavailable' })
      expect(refused).toBeGreaterThan(0)
      expect(refused).toBeLessThan(200)
    },
  )
})
