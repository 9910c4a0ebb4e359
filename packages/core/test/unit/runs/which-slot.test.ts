import { expect, test } from 'vitest'
import { keyedHash } from '../../../src/base/values/index.ts'
import type { Slot } from '../../../src/index.ts'
import { idempotencyKey, slotKey } from '../../../src/runs/binding.ts'

const hash = keyedHash(new Uint8Array(32).fill(3))

const keyOf = (slot: Slot, rawInput: string) =>
  slotKey(
    { identity: { kind: 'user', issuer: 'i', subject: 's', claims: {} }, agent: 'a', tool: 't', slot, rawInput },
    hash,
  )

test('a slot is told apart by thread, call and raw input (A1)', async () => {
  const slots = [
    ['thread', 'call'],
    ['other', 'call'],
    ['thread', 'other'],
    ['call', 'thread'],
    'thread',
    'call',
  ] as const
  const keys = await Promise.all(slots.flatMap((slot) => ['b1', 'b2'].map((binding) => keyOf(slot, binding))))
  expect(new Set(keys).size).toBe(keys.length)
  expect(await keyOf(['thread', 'call'], 'b1')).toBe(keys[0])
})

test('an idempotency key is that of one record and one binding (A5)', async () => {
  const keys = await Promise.all([
    idempotencyKey('id-1', 'b1', hash),
    idempotencyKey('id-2', 'b1', hash),
    idempotencyKey('id-1', 'b2', hash),
  ])
  expect(new Set(keys).size).toBe(3)
})
