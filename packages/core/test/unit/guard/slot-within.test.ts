import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { slotWithin } from '../../../src/entrypoints/spi.ts'
import { runAs, type Slot } from '../../../src/index.ts'
import { reads, smallWorld, user } from './small-world.ts'

const pay = { tool: 'pay', input: { amount: 1 } }
const slot: Slot = ['thread', 'call']

/** The slots that a body gives to its calls. */
async function within(body: () => readonly Slot[], outer: Slot = slot) {
  const { guard, call } = smallWorld()
  const outcome = await guard().run(reads, call({ slot: outer }), () => body().map((one) => [one].flat()))
  if (outcome.status !== 'done') throw new TypeError(`did not run: ${outcome.status}`)
  return outcome.result
}

test('outside of a call, a slot stays as it is', () => {
  expect([slotWithin(slot, pay), slotWithin(slot, pay), slotWithin('key', pay)]).toEqual([slot, slot, 'key'])
})

test(
  verifies(
    'A12',
    'equal calls of a body are counted, under the call around them; others are told apart by what they are',
  ),
  async () => {
    const other = { ...pay, input: { amount: 2 } }
    const made = () => [slotWithin(slot, pay), slotWithin(slot, other), slotWithin(slot, pay)]
    const expected = [
      ['thread', 'call/call/1'],
      ['thread', 'call/call/1'],
      ['thread', 'call/call/2'],
    ]
    expect(await within(made)).toEqual(expected)
    // A body that runs again makes the same ones.
    expect(await within(made)).toEqual(expected)
  },
)

test('what runs in a body as another user is counted too', async () => {
  const bob = user({ subject: 'bob' })
  const made = () => runAs(bob, () => [slotWithin(slot, pay), slotWithin(slot, pay)])
  expect(await within(made)).toEqual([
    ['thread', 'call/call/1'],
    ['thread', 'call/call/2'],
  ])
})

test('another conversation within a body names its own calls', async () => {
  expect(await within(() => [slotWithin(['other', 'call'], pay), slotWithin('key', pay)])).toEqual([
    ['other', 'call'],
    ['key'],
  ])
})

test('equal calls of other code are counted by its attempt, and the first keeps its slot', () => {
  const attempt = {}
  const first = { ...pay, attempt }
  expect([slotWithin(slot, first), slotWithin(slot, first), slotWithin(slot, { ...pay, attempt: {} })]).toEqual([
    slot,
    ['thread', 'call/2'],
    slot,
  ])
})
