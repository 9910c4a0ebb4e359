import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { keys, reads, smallWorld, user } from './small-world.ts'

const clock = testClock()
const other = { ...keys, index: new Uint8Array(32).fill(9) }
const connections = {
  crm: {
    clientId: 'agent',
    label: 'CRM',
    scopes: ['read'],
    endpoints: { authorization: 'https://crm.example/authorize', token: 'https://crm.example/token' },
    account: { from: 'none' },
    refresh: { rotates: false },
  },
} as const

/** A memory store that says of itself that it lasts. */
const durable = (): Store => ({ ...tapped(memoryStore({ clock }), (_operation, _key, next) => next()), durable: true })

describe('parts that open one store with different index keys', () => {
  test.each([
    ['a memory store', memoryStore()],
    ['a durable store', durable()],
  ])('are refused by name: neither would find the revocations of the other (%s)', (_, store) => {
    smallWorld().guard({ store })
    expect(() => storedVault({ store, keys: other, connections })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'keys.index' }),
    )
    expect(() => smallWorld().guard({ store, keys: other })).toThrow('give all parts the same `keys`')
    storedVault({ store, keys, connections })
  })

  test('a new list of seal keys is no other index key', async () => {
    const store = durable()
    const world = smallWorld()
    const guard = world.guard({ store, clock })
    const rotated = world.guard({ store, clock, keys: { ...keys, seal: [new Uint8Array(32).fill(5), ...keys.seal] } })
    await guard.revoke({ issuer: user().issuer, subject: 'ann' })
    expect(await rotated.preflight(reads, world.call())).toMatchObject({ status: 'denied' })
  })
})

test('keys that their owner wipes after they were given stay what they were', async () => {
  const store = durable()
  const world = smallWorld()
  const given = { seal: [keys.seal[0].slice()] as const, index: keys.index.slice() }
  const guard = world.guard({ store, clock, keys: given })
  given.seal[0].fill(0)
  given.index.fill(0)
  await guard.revoke({ issuer: user().issuer, subject: 'ann' })
  const other = world.guard({ store, clock })
  expect(await other.preflight(reads, world.call())).toMatchObject({ status: 'denied' })
  expect(() => world.guard({ store, clock, keys: given })).toThrow('another index key')
})
