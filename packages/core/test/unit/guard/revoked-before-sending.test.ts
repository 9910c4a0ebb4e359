import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { policy, type Revocation, TransportError } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, ISSUER, schema, smallWorld, user } from './small-world.ts'

const phone = () => user({ sessionId: 'phone' })
const desk = () => user({ sessionId: 'desk' })

describe('a question of a revoked proof is not sent (I11)', () => {
  test(verifies('I11', 'of a session that is revoked while it replaces the question of another session'), async () => {
    const { guard, call, store, clock, questions } = smallWorld()
    const newer = policy(schema, { version: '2', approval: { message: () => 'Pay (2)' } })
    await guard().run(asks, call({ identity: desk() }), () => 'ran')
    clock.advance(8)
    let revoked: Revocation | undefined
    const held = tapped(store, async (operation, key, next) => {
      if (operation === 'put' && key.startsWith('run:')) {
        revoked ??= await guard().revoke({ issuer: ISSUER, session: 'phone' })
      }
      return next()
    })
    const outcome = await guard({ store: held }).run(newer, call({ identity: phone() }), () => 'ran')
    // The clean-up found nothing: the question was not yet of this session.
    expect(revoked).toMatchObject({ approvals: 0 })
    expect(outcome).toMatchObject({ status: 'denied', code: 'revoked' })
    expect(questions).toHaveLength(1)
  })

  test.each([
    ['a session', { session: 'phone' }, {}],
    ['a subject', { subject: 'ann' }, {}],
    ['a subject whose proof says when they logged in', { subject: 'ann' }, { authTime: 1_799_999_000 }],
  ])(verifies('I11', 'of %s whose revoker died before its clean-up, by any process'), async (_, whose, proof) => {
    const { guard, call, store, clock, questions, failsToAsk } = smallWorld()
    failsToAsk(() => Promise.reject(new TransportError('down')))
    const identity = user({ sessionId: 'phone', ...proof })
    const { trace } = await guard().run(asks, call({ identity }), () => 'ran')
    failsToAsk(() => {})
    clock.advance(10)
    const dies = tapped(store, (operation, _key, next) =>
      operation === 'list' ? Promise.reject(new StoreError('unavailable', 'the revoker died')) : next(),
    )
    await expect(guard({ store: dies }).revoke({ issuer: ISSUER, ...whose })).rejects.toThrow('the revoker died')
    clock.advance(60)
    const later = user({ sessionId: 'desk', claims: { iat: clock.now() / 1000 } })
    const view = await guard().approvals.get(trace.approvalId ?? '', { identity: later })
    expect(view).toMatchObject({ state: 'revoked' })
    expect(questions).toHaveLength(0)
  })
})
