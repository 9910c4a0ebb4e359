import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { parseInterrupt } from '../../../src/entrypoints/interrupts.ts'
import { findPauses } from '../../../src/entrypoints/spi.ts'
import { ConfigurationError, type Interrupt } from '../../../src/index.ts'
import { asks, keys, smallWorld, user } from './small-world.ts'

const thrown = (interrupt: unknown): Interrupt => JSON.parse(JSON.stringify(interrupt))

/** A call that waits for a person, and its interrupt as a framework kept it. */
async function paused() {
  const world = smallWorld()
  const guard = world.guard()
  const outcome = await guard.preflight(asks, world.call())
  if (outcome.status !== 'interrupted') throw new TypeError(`sends no question: ${outcome.status}`)
  return { ...world, kept: thrown(await guard.pauses.bind(outcome.interrupt, 'pause-1')) }
}

/** The other three kinds, which have no record. */
const unrecorded: readonly Interrupt[] = [
  { v: 1, kind: 'login_required', id: 'i', tool: 'pay', message: 'Sign in to continue.', maxAge: 0 },
  { v: 1, kind: 'connection_required', id: 'i', tool: 'pay', message: 'Link it.', connection: 'bank', url: '/connect' },
  { v: 1, kind: 'step_up_required', id: 'i', tool: 'pay', message: 'Again.', scopes: ['pay'], acrValues: ['2'] },
]

test('the state of a question is told for its own pause, by every guard with these keys over this store', async () => {
  const { guard, kept, store } = await paused()
  const asked = { pause: 'pause-1', identity: user() }
  expect(await guard().pauses.stateOf(kept, asked)).toBe('open')
  // Another process that opens the same rows.
  const other = guard({ store: { ...store }, keys: { ...keys, index: new Uint8Array(32).fill(9) } })
  expect(await other.pauses.stateOf(kept, asked)).toBeUndefined()
})

test(
  verifies('A3', 'an interrupt without a proof, of another pause, or with any field changed has no state'),
  async () => {
    const { guard, kept } = await paused()
    const { pauses } = guard()
    const { proof: _, ...bare } = kept
    const asked = { pause: 'pause-1', identity: user() }
    expect(await pauses.stateOf(bare, asked)).toBeUndefined()
    expect(await pauses.stateOf(kept, { ...asked, pause: 'pause-2' })).toBeUndefined()
    for (const change of [
      { kind: 'login_required' },
      { id: 'other' },
      { tool: 'wipe' },
      { message: 'hi' },
      { expiresAt: 1 },
      { url: 'https://phisher.example' },
      { proof: 'x' },
      { proof: '' },
      { proof: 1 },
      { proof: undefined },
    ]) {
      expect(await pauses.stateOf({ ...kept, ...change } as Interrupt, asked)).toBeUndefined()
    }
  },
)

test.each([
  ['a copy', { ...user() }, 'pass what verifyRequest or signIn returned'],
  ['a promise', Promise.resolve(user()), 'await the promise'],
  ['nothing', undefined, 'pass what verifyRequest or signIn returned'],
])(
  'an adapter looks up no pause for %s in place of an identity, also where no call waits',
  async (_, identity, fix) => {
    const { guard, kept } = await paused()
    for (const pending of [[], [{ interrupt: kept }]]) {
      const found = findPauses(pending, () => 'pause-1', { guard: guard(), identity: identity as never })
      await expect(found).rejects.toThrow(ConfigurationError)
      await expect(found).rejects.toThrow(
        `resumeWhenResolved.identity: no verification of @behalf/core returned this identity: ${fix}`,
      )
    }
  },
)

test('a sign-in, an account and a step-up have no record, and are known by their proof all the same', async () => {
  const { pauses } = smallWorld().guard()
  for (const interrupt of unrecorded) {
    const kept = thrown(await pauses.bind(interrupt, 'pause-1'))
    expect(await pauses.stateOf(kept, { pause: 'pause-1', identity: user() })).toBe('not_recorded')
    expect(await pauses.stateOf(interrupt, { pause: 'pause-1', identity: user() })).toBeUndefined()
  }
})

test("another user's question has no state", async () => {
  const { guard, kept } = await paused()
  expect(await guard().pauses.stateOf(kept, { pause: 'pause-1', identity: user({ subject: 'bob' }) })).toBeUndefined()
})

test('a proof survives JSON, text and fields of a framework, and a browser reads it as any interrupt', async () => {
  const { guard, kept } = await paused()
  const read = parseInterrupt(JSON.stringify({ ...kept, __workflow_meta: { path: [] } }))
  expect(read).toEqual(kept)
  expect(await guard().pauses.stateOf(read as Interrupt, { pause: 'pause-1', identity: user() })).toBe('open')
})

test('an interrupt is bound to a pause that has a name', async () => {
  const { guard, kept } = await paused()
  await expect(guard().pauses.bind(kept, '')).rejects.toSatisfy(ConfigurationError.isInstance)
})
