import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const version = (name: string) =>
  policy(schema, { version: name, approval: { onCrash: 'retry', message: () => `Pay, says ${name}` } })

/** A body that goes on while its process is thought dead, its owner says that it did not run, and then `ends` the run. */
async function cameBack(ends: 'cancelled' | 'revoked' | 'expired' | 'asked again' | 'denied', end: () => unknown) {
  const { guard, call, clock, answers } = smallWorld()
  const behalf = guard()
  const owner = () => ({ identity: user({ claims: { iat: clock.now() / 1000 } }) })
  const next = (slot: string) => behalf.run(version('1'), call({ slot, ...owner() }), () => 'paid again')
  answers({ status: 'approved' })
  await behalf.preflight(version('1'), call({ slot: 'one' }))
  clock.advance(6)
  const goOn = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  const first = behalf.run(version('1'), call({ slot: 'one' }), async () => {
    began.resolve()
    await goOn.promise
    return end()
  })
  await began.promise
  clock.advance(61)
  const [{ id } = { id: '' }] = await behalf.approvals.list({ ...owner(), as: 'owner' })
  await behalf.approvals.resolve(id, 'did_not_run', owner())
  answers({ status: 'denied' })
  if (ends === 'cancelled') await behalf.approvals.cancel(id, owner())
  if (ends === 'revoked') {
    await behalf.revoke({ issuer: ISSUER, subject: 'ann' })
    clock.advance(60)
  }
  if (ends === 'expired') {
    clock.advance(900)
    expect(await next('one')).toMatchObject({ code: 'approval_expired' })
  }
  if (ends === 'asked again' || ends === 'denied') {
    const asked = () => behalf.preflight(version('2'), call({ slot: 'one' }))
    expect(await asked()).toMatchObject({ status: 'interrupted' })
    clock.advance(6)
    if (ends === 'denied') expect(await asked()).toMatchObject({ code: 'approval_denied' })
  }
  goOn.resolve()
  await first.catch(() => {})
  return { again: () => next('one'), didNotRun: () => behalf.approvals.resolve(id, 'did_not_run', owner()) }
}

describe('a body that comes back after its owner said that it did not run', () => {
  for (const ends of ['cancelled', 'revoked', 'expired', 'asked again', 'denied'] as const) {
    test(verifies('A2', `tells its result, though the run was ${ends} since`), async () => {
      const { again } = await cameBack(ends, () => 'paid')
      expect(await again()).toMatchObject({ status: 'done', result: 'paid' })
    })

    test(verifies('A13', `is in doubt where it threw, though the run was ${ends} since`), async () => {
      const { again } = await cameBack(ends, () => Promise.reject(new Error('the API said 500')))
      for (let call = 0; call < 2; call++) {
        expect(await again()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
      }
    })
  }

  test(verifies('A11', 'asks again after a cancel, where its owner says once more that it did not run'), async () => {
    const { again, didNotRun } = await cameBack('cancelled', () => Promise.reject(new Error('the API said 500')))
    expect(await didNotRun()).toMatchObject({ state: 'open' })
    expect(await again()).toMatchObject({ status: 'interrupted' })
  })
})
