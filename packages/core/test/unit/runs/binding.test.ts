import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { keyedHash } from '../../../src/base/values/index.ts'
import type { UserIdentity } from '../../../src/index.ts'
import { bindingOf, idempotencyKey, slotKey } from '../../../src/runs/binding.ts'

const hash = keyedHash(new Uint8Array(32).fill(3))
const identity: UserIdentity = {
  kind: 'user',
  issuer: 'https://issuer.example',
  tenant: 't',
  subject: 'ann',
  clientId: 'app',
  actor: { subject: 'agent', issuer: 'https://issuer.example', actor: { subject: 'before' } },
  claims: {},
}
const parts = { identity, agent: 'agent:a', tool: 'pay', input: { amount: 5, to: ['x'] } }

describe('the binding (A1)', () => {
  const { tenant: _, ...noTenant } = identity
  const { clientId: __, ...noClient } = identity
  const others: Record<string, Partial<typeof parts>> = {
    issuer: { identity: { ...identity, issuer: 'https://other.example' } },
    tenant: { identity: { ...identity, tenant: 'u' } },
    'no tenant': { identity: noTenant },
    subject: { identity: { ...identity, subject: 'bob' } },
    agent: { agent: 'agent:b' },
    tool: { tool: 'pay2' },
    'a value of the input': { input: { amount: 6, to: ['x'] } },
    'the order of a list': { input: { amount: 5, to: ['x', 'y'] } },
  }
  test.each(Object.entries(others))(verifies('A1', 'another %s is another binding'), async (_name, over) => {
    expect(await bindingOf({ ...parts, ...over }, hash)).not.toBe(await bindingOf(parts, hash))
  })

  test(
    verifies('A1', 'a value that is left out is told from a null in its place, and from one left out elsewhere'),
    async () => {
      const bindings = [undefined, [['to', '0']], [['amount']]].map((varying) =>
        bindingOf({ ...parts, input: { amount: null, to: [null] }, ...(varying !== undefined && { varying }) }, hash),
      )
      expect(new Set(await Promise.all(bindings)).size).toBe(3)
    },
  )

  test(verifies('A1', 'key order, the session, the client and the actor make no difference'), async () => {
    const same = [
      { ...parts, input: { to: ['x'], amount: 5 } },
      { ...parts, identity: { ...identity, sessionId: 's', expiresAt: 1, acr: '2' } },
      { ...parts, identity: { ...identity, actor: { subject: 'other' } } },
      { ...parts, identity: noClient },
    ]
    for (const other of same) expect(await bindingOf(other, hash)).toBe(await bindingOf(parts, hash))
  })

  test('tells nothing, and nothing without the key', async () => {
    expect(await bindingOf(parts, hash)).toMatch(/^[\w-]{43}$/)
    expect(await bindingOf(parts, keyedHash(new Uint8Array(32)))).not.toBe(await bindingOf(parts, hash))
  })
})

describe('slots and keys', () => {
  test('shapes are kept apart, and so are slots of other inputs, tools, agents and users', async () => {
    const { input: rawInput, ...name } = parts
    const call = { ...name, rawInput }
    const keys = await Promise.all([
      slotKey({ ...call, slot: 'a,b' }, hash),
      slotKey({ ...call, slot: ['a', 'b'] }, hash),
      slotKey({ ...call, slot: ['a,b', ''] }, hash),
      slotKey({ ...call, slot: '["a","b"]' }, hash),
      slotKey({ ...call, slot: ['a', 'b'], rawInput: { amount: 6 } }, hash),
      slotKey({ ...call, slot: ['a', 'b'], tool: 'other' }, hash),
      slotKey({ ...call, slot: ['a', 'b'], agent: 'agent:b' }, hash),
      slotKey({ ...call, slot: ['a', 'b'], identity: { ...identity, subject: 'bob' } }, hash),
    ])
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('an idempotency key is of one record and one binding', async () => {
    const keys = [
      await idempotencyKey('1', 'x', hash),
      await idempotencyKey('2', 'x', hash),
      await idempotencyKey('1', 'y', hash),
    ]
    expect(new Set(keys).size).toBe(3)
    expect(await idempotencyKey('1', 'x', hash)).toBe(keys[0])
  })
})
