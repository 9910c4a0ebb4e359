import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy, type UserIdentity } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { schema, smallWorld, user } from './small-world.ts'

const version = (name: string) => policy(schema, { version: name, approval: { message: () => `Pay, says ${name}` } })

/** A world in which `meanwhile` happens when a slow guard is about to send or to poll a question alone. */
function world() {
  const { store, ...rest } = smallWorld()
  const slow = (meanwhile: () => Promise<unknown>) => {
    let isDone = false
    const held = tapped(store, async (operation, key, next) => {
      if (!isDone && operation === 'put' && key.startsWith('busy:')) {
        isDone = true
        await meanwhile()
      }
      return next()
    })
    return rest.guard({ store: held })
  }
  return { ...rest, slow }
}

test.for<readonly [string, Partial<UserIdentity>, Partial<UserIdentity>]>([
  ['an agent, while its user’s call runs', {}, { actor: { subject: 'agent' } }],
  ['the user, while their agent’s call runs', { actor: { subject: 'agent' } }, {}],
])(verifies('A12', 'a result is not told to %s'), async ([, starts, comes]) => {
  const { guard, call, clock, answers, slow } = world()
  const behalf = guard()
  const starting = call({ identity: user(starts) })
  await behalf.preflight(version('1'), starting)
  answers({ status: 'approved' })
  clock.advance(6)
  const late = slow(() => behalf.run(version('1'), starting, () => 'paid'))
  const other = await late.run(version('1'), call({ identity: user(comes) }), () => 'again')
  expect(other).toMatchObject({ status: 'denied', code: 'not_permitted' })
  expect(await behalf.run(version('1'), starting, () => 'again')).toMatchObject({ status: 'done', result: 'paid' })
})

/** A yes to version 1 that another call finds while a slow call is about to ask. */
function answeredMeanwhile() {
  const { guard, call, clock, answers, slow } = world()
  const behalf = guard()
  answers({ status: 'approved' })
  const late = slow(async () => {
    await behalf.preflight(version('1'), call())
    clock.advance(6)
    await behalf.preflight(version('1'), call())
  })
  return { behalf, late, call }
}

describe('a yes that another call found while this one was about to ask', () => {
  test(verifies('A11', 'lets this one run where it is for it'), async () => {
    const { late, call } = answeredMeanwhile()
    expect(await late.run(version('1'), call(), () => 'paid')).toMatchObject({ status: 'done', result: 'paid' })
  })

  test(verifies('A11', 'does not make a preflight of another version ready'), async () => {
    const { behalf, late, call } = answeredMeanwhile()
    expect(await late.preflight(version('2'), call())).toMatchObject({ status: 'unavailable' })
    expect(await behalf.run(version('1'), call(), () => 'paid')).toMatchObject({ status: 'done', result: 'paid' })
  })
})
