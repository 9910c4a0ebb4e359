import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/index.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { elsewhere, tapped } from '../runs/harness.ts'
import { ISSUER, reads, smallWorld, user } from './small-world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }

describe('the names are read', () => {
  test(
    verifies('I9', 'again where the generation was deleted, of a proof whose names were read before that'),
    async () => {
      const { guard, call, clock, store } = smallWorld()
      const rows = pointedRows(store)
      const now = clock.now() / 1000
      const identity = user({ authTime: now - 60 * 86_400, expiresAt: now + 365 * 86_400 })
      const [there, operator] = [guard({ store: elsewhere(rows.store) }), guard({ store: elsewhere(rows.store) })]
      await operator.revoke({ issuer: ISSUER, subject: 'bob' })
      expect(await there.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      await operator.revoke(ann)
      for (const key of rows.keys('revoked-generation:')) await store.delete(key)
      for (let day = 0; day < 40; day++) {
        clock.advance(86_400)
        const carol = user({ subject: 'carol', authTime: clock.now() / 1000 })
        expect(await there.run(reads, call({ identity: carol }), () => 'ran')).toMatchObject({ status: 'done' })
      }
      const outcome = await there.run(reads, call({ identity }), () => 'ran')
      expect(outcome).toMatchObject({ interrupt: { kind: 'login_required', maxAge: 0 } })
    },
  )

  test.each([64, 200, 365])(
    verifies('I9', 'of a session that was revoked within %i days, however new its token or its login is'),
    async (days) => {
      const { guard, call, clock } = smallWorld()
      await guard().revoke({ issuer: ISSUER, session: 'one' })
      for (const isLogin of [false, true]) {
        clock.advance((days * 86_400) / 2)
        const now = clock.now() / 1000
        const identity = user({ sessionId: 'one', claims: { iat: now }, ...(isLogin && { authTime: now }) })
        // A process that starts now.
        const outcome = await guard().run(reads, call({ identity }), () => 'ran')
        expect(outcome).toMatchObject({ status: 'denied', code: 'revoked' })
        await guard().revoke({ issuer: ISSUER, subject: 'bob' })
      }
    },
  )

  test('once of an identity while the generation is unchanged, and not for each of its calls', async () => {
    const { guard, call, clock, store } = smallWorld()
    await guard().revoke({ issuer: ISSUER, subject: 'bob' })
    clock.advance(32 * 86_400)
    let asked = 0
    const counting = tapped(store, (operation, key, next) => {
      if (operation === 'get' && key.startsWith('revoked:')) asked++
      return next()
    })
    const behalf = guard({ store: counting })
    const identity = user({ sessionId: 'one', claims: { iat: clock.now() / 1000 } })
    for (let number = 0; number < 3; number++) {
      expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      clock.advance(6)
    }
    expect(asked).toBe(2)
  })

  test(verifies('I9', 'and what was read stays known where the clock was a year ahead for a moment'), async () => {
    const { guard, call, clock } = smallWorld()
    const now = clock.now() / 1000
    const [proof, carol] = ['ann', 'carol'].map((subject) =>
      user({ subject, claims: { iat: now }, expiresAt: now + 500 * 86_400 }),
    ) as [UserIdentity, UserIdentity]
    let ahead = 0
    const behalf = guard({ clock: { now: () => clock.now() + ahead } })
    clock.advance(60)
    await guard().revoke(ann)
    expect(await behalf.run(reads, call({ identity: carol }), () => 'ran')).toMatchObject({ status: 'done' })
    ahead = 400 * 86_400_000
    await behalf.run(reads, call({ identity: carol }), () => 'ran')
    ahead = 0
    clock.advance(6)
    expect(await behalf.run(reads, call({ identity: proof }), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test(
    verifies('I9', 'of a proof whose time is to come, such as one in milliseconds, 31 days after a revocation'),
    async () => {
      const { guard, call, clock } = smallWorld()
      const authTime = clock.now() - 60_000
      await guard().revoke(ann)
      clock.advance(32 * 86_400)
      const identity = user({ authTime, claims: { iat: clock.now() / 1000 } })
      const outcome = await guard().run(reads, call({ identity }), () => 'ran')
      expect(outcome).toMatchObject({ interrupt: { kind: 'login_required', maxAge: 0 } })
    },
  )
})
