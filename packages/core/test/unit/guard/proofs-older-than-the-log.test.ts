import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { pointedRows } from '../stores/pointed-rows.ts'
import { ISSUER, reads, smallWorld, user } from './small-world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }

describe('the names are read', () => {
  test(
    verifies('I9', 'again where the log lacked entries for a while, of a proof whose names were read before that'),
    async () => {
      const { guard, call, clock, store } = smallWorld()
      const rows = pointedRows(store)
      const now = clock.now() / 1000
      const identity = user({ authTime: now - 60 * 86_400, expiresAt: now + 365 * 86_400 })
      const [there, operator] = [guard({ store: rows.store }), guard({ store: rows.store })]
      await operator.revoke({ issuer: ISSUER, subject: 'bob' })
      expect(await there.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      await operator.revoke(ann)
      for (const key of [...rows.keys('revocations:'), ...rows.keys('revocations-head:')]) await store.delete(key)
      // Other users go on meanwhile, until all that was in the log has expired.
      for (let day = 0; day < 40; day++) {
        clock.advance(86_400)
        const carol = user({ subject: 'carol', authTime: clock.now() / 1000 })
        expect(await there.run(reads, call({ identity: carol }), () => 'ran')).toMatchObject({ status: 'done' })
      }
      const outcome = await there.run(reads, call({ identity }), () => 'ran')
      expect(outcome).toMatchObject({ interrupt: { kind: 'login_required', maxAge: 0 } })
    },
  )

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
