import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { StoreError } from '../../../src/base/errors/index.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { keys } from '../guard/small-world.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { elsewhere } from '../runs/harness.ts'
import { pointedRows } from './pointed-rows.ts'

const NOW = 1_800_000_000_000
const issuer = 'https://login.example.com'

const user = (subject: string): UserIdentity => ({
  kind: 'user',
  issuer,
  subject,
  sessionId: `session of ${subject}`,
  claims: { iat: NOW / 1000 - 10 },
})

/** Edits the rows of revocations as an attacker can who may write to the database and has no keys. */
function setup() {
  const at = { now: NOW }
  const inner = memoryStore({ clock: { now: () => at.now } })
  const rows = pointedRows(inner)
  const process = () => new Revocations(openStoreKeys(elsewhere(rows.store), keys), 5)
  return {
    at,
    process,
    rows,
    generation: () => rows.keys('revoked-generation:')[0] ?? '',
    names: () => rows.keys('revoked:'),
    remove: async (...keys: readonly string[]) => {
      for (const key of keys) await inner.delete(key)
    },
    damage: async (key: string) =>
      inner.put(key, new Uint8Array([1, 2, 3]), { ifVersion: (await inner.get(key))?.version ?? null }),
    revoke: async (...subjects: readonly string[]) => {
      const revocations = process()
      for (const subject of subjects) await revocations.add({ issuer, subject }, at.now)
    },
    isRevoked: async (revocations: Revocations, subject: string) =>
      (await revocations.find(user(subject), at.now)) !== undefined,
  }
}

test('names of rows tell nothing about what they hold', async () => {
  const { revoke, rows } = setup()
  await revoke('ann')
  expect(rows.keys('')).toHaveLength(2)
  for (const name of rows.keys('')) {
    expect(name).toMatch(/^(revoked|revoked-generation):[\w-]{43}$/)
    expect(rows.indexesOf(name)).toEqual([])
  }
})

describe('where an attacker deletes', () => {
  test('the record of a name: a process that knows the revocation keeps it, and only it', async () => {
    const { at, revoke, names, remove, process, isRevoked } = setup()
    await revoke('ann')
    const [knew, later] = [process(), process()]
    expect(await isRevoked(knew, 'ann')).toBe(true)
    await remove(...names())
    // Absence replaces nothing, however often the name is read.
    for (let minutes = 0; minutes < 3; minutes++) {
      at.now += 61_000
      expect(await isRevoked(knew, 'ann')).toBe(true)
      expect(await knew.findNow(user('ann'), at.now)).toBeDefined()
      expect(await knew.isRevokedSince({ issuer, subject: 'ann' }, 0, at.now)).toBe(true)
    }
    expect([await isRevoked(knew, 'bob'), await isRevoked(later, 'ann')]).toEqual([false, false])
  })

  test('the generation: the names are read, and a process that begins later knows the revocation', async () => {
    const { at, revoke, generation, remove, process, isRevoked } = setup()
    const there = process()
    await revoke('bob')
    expect(await isRevoked(there, 'ann')).toBe(false)
    await revoke('ann')
    await remove(generation())
    at.now += 5_000
    expect([await isRevoked(there, 'ann'), await isRevoked(process(), 'ann')]).toEqual([true, true])
  })
})

describe('a row of revocations that does not open', () => {
  test('of the generation hides no revocation, and prevents none', async () => {
    const { at, revoke, generation, damage, process, isRevoked } = setup()
    const there = process()
    await revoke('ann')
    expect(await isRevoked(there, 'bob')).toBe(false)
    await damage(generation())
    at.now += 5_000
    expect([await isRevoked(there, 'ann'), await isRevoked(there, 'bob')]).toEqual([true, false])
    await revoke('bob')
    at.now += 5_000
    expect([await isRevoked(there, 'bob'), await isRevoked(there, 'eve')]).toEqual([true, false])
  })

  test('of a name refuses only its own subject, and stays unknown', async () => {
    const { revoke, names, damage, process, isRevoked } = setup()
    await revoke('ann')
    await damage(names()[0] ?? '')
    const there = process()
    for (let times = 0; times < 2; times++) {
      expect(await rejection(Promise.resolve(there.find(user('ann'), NOW)))).toBeInstanceOf(StoreError)
      expect(await rejection(there.findNow(user('ann'), NOW))).toBeInstanceOf(StoreError)
    }
    expect(await isRevoked(there, 'bob')).toBe(false)
  })
})
