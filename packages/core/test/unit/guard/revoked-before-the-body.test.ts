import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { HadNoEffect, may, object, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

describe('a revocation that has ended before a body began', () => {
  const permission = () => may('can_use', object('account', 'main'))

  test.each([
    ['another session shares', 'two'],
    ['a call without a session shares', undefined],
  ])(
    verifies('I11', 'at any request of a write to its store or its checker stops the body of a run that %s'),
    async (_, sessionId) => {
      const pays = policy(schema, { version: '1', effect: 'write', permission })
      const other = user(sessionId === undefined ? {} : { sessionId })
      /** Ends the session before the request of that number. Returns the number of requests. */
      const endsBefore = async (number: number) => {
        const { guard, call, clock, store } = smallWorld()
        const operator = guard()
        let requests = Number.NaN
        const seen = async <Result>(next: () => Promise<Result>) => {
          if (++requests === number) await operator.revoke({ issuer: ISSUER, session: 'one' })
          // Slow, so that what was checked is checked again.
          clock.advance(0.2)
          return next()
        }
        const check = () => seen(async () => ({ allowed: true, checks: [{ question: 'q', allowed: true }] }))
        const behalf = guard({
          store: tapped(store, (_operation, _key, next) => seen(next)),
          permissions: { specificationVersion: 1, check } as never,
          revocationSeconds: 3600,
        })
        await behalf
          .run(pays, call({ identity: other }), () => Promise.reject(new HadNoEffect(new Error('not yet'))))
          .catch(() => {})
        requests = 0
        let began = 0
        const outcome = await behalf.run(pays, call({ identity: user({ sessionId: 'one' }) }), () => {
          began = requests
        })
        return { outcome, began }
      }
      const { began } = await endsBefore(Number.POSITIVE_INFINITY)
      expect(began).toBeGreaterThan(8)
      // The last two read the names, at the same time.
      for (let number = 1; number < began - 1; number++) {
        const { outcome, began: late } = await endsBefore(number)
        expect({ number, late, outcome }).toMatchObject({ late: 0, outcome: { status: 'denied', code: 'revoked' } })
      }
    },
  )

  test(
    verifies('I9', 'stops a read whose permission was asked for longer than `revocationSeconds`, in another process'),
    async () => {
      const { guard, call, clock } = smallWorld()
      const check = async () => {
        await guard().revoke({ issuer: ISSUER, subject: 'ann' })
        clock.advance(6)
        return { allowed: true, checks: [{ question: 'q', allowed: true }] }
      }
      const behalf = guard({ permissions: { specificationVersion: 1, check } as never })
      const outcome = await behalf.run(policy(schema, { version: '1', permission }), call(), () => 'ran')
      expect(outcome).toMatchObject({ status: 'denied', code: 'revoked' })
    },
  )
})
