import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { HadNoEffect } from '../../../src/index.ts'
import { blind } from './in-doubt-world.ts'
import { smallWorld, user } from './small-world.ts'

/** A body that goes on while its process is thought dead, and its owner says what became of it. */
async function thoughtDead(said: 'ran' | 'did_not_run', end: () => unknown) {
  const { guard, call, clock } = smallWorld()
  const behalf = guard()
  const owner = () => ({ identity: user({ claims: { iat: clock.now() / 1000 } }) })
  const goOn = Promise.withResolvers<void>()
  const began = Promise.withResolvers<void>()
  const first = behalf.run(blind, call(), async () => {
    began.resolve()
    await goOn.promise
    return end()
  })
  await began.promise
  clock.advance(61)
  const dead = await guard().run(blind, call(), () => 'again')
  await behalf.approvals.resolve(dead.trace.approvalId ?? '', said, {
    ...owner(),
    ...(said === 'ran' && { result: 'told' }),
  })
  goOn.resolve()
  await first.catch(() => {})
  const next = (slot: string) => behalf.run(blind, call({ slot }), () => 'again')
  return { again: () => behalf.run(blind, call(), () => 'again'), other: () => next('other') }
}

describe('a body that was thought dead and comes back, after its owner said that it did not run', () => {
  test(verifies('A2', 'does not run again where it returned: its result is told'), async () => {
    const { again } = await thoughtDead('did_not_run', () => 'paid')
    expect(await again()).toMatchObject({ status: 'done', result: 'paid' })
  })

  test(verifies('A13', 'is in doubt again where it threw'), async () => {
    const { again, other } = await thoughtDead('did_not_run', () => Promise.reject(new Error('the API said 500')))
    expect(await again()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(await other()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
  })

  test('runs where it had no effect', async () => {
    const { again } = await thoughtDead('did_not_run', () => Promise.reject(new HadNoEffect(new Error('refused'))))
    expect(await again()).toMatchObject({ status: 'done', result: 'again' })
  })
})

test('a run that was said to have run stays so, whatever its body throws when it comes back', async () => {
  for (const error of [new Error('the API said 500'), new HadNoEffect(new Error('refused'))]) {
    const { again } = await thoughtDead('ran', () => Promise.reject(error))
    expect(await again()).toMatchObject({ status: 'done', result: 'told' })
  }
})
