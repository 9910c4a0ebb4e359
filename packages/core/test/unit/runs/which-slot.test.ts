import { expect, test } from 'vitest'
import { keyedHash } from '../../../src/base/values/index.ts'
import type { Slot } from '../../../src/index.ts'
import { idempotencyKey, slotKey } from '../../../src/runs/binding.ts'
import { isSettled, mayBecome } from '../../../src/runs/record.ts'

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

test('what ended stays as it ended, unless its body comes back (A2) or its question was never sent (A6)', () => {
  const ended = ['completed', 'threw', 'denied', 'expired', 'failed', 'cancelled', 'revoked'] as const
  const comesBack = (from: string, to: string) =>
    (from !== 'completed' && to === 'completed') || (from === 'failed' && ['requested', 'running'].includes(to))
  for (const state of ended) {
    expect([state, isSettled(state)]).toEqual([state, true])
    for (const next of ['requested', 'pending', 'approved', 'running', ...ended] as const) {
      expect([state, next, mayBecome(state, next)]).toEqual([state, next, state === next || comesBack(state, next)])
    }
  }
  for (const state of ['requested', 'pending', 'approved', 'running', 'crashed'] as const) {
    expect([state, isSettled(state)]).toEqual([state, false])
  }
  expect(mayBecome('requested', 'running')).toBe(false)
  expect(mayBecome('pending', 'running')).toBe(false)
  expect(mayBecome('approved', 'running')).toBe(true)
  // A body that ends without effect was running, or is taken for dead.
  for (const state of ['requested', 'pending', 'approved'] as const) expect(mayBecome(state, 'threw')).toBe(false)
})
