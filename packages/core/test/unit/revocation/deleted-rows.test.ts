import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { StoreError } from '../../../src/base/errors/index.ts'
import { openStoreKeys } from '../../../src/base/records/index.ts'
import { memoryStore } from '../../../src/base/stores/memory-store.ts'
import { Revocations } from '../../../src/consent/revocation/index.ts'
import { rejection } from '../authorization-server/mock-issuer.ts'
import { overStore } from '../stores/over-store.ts'
import { pointedRows } from '../stores/pointed-rows.ts'

const NOW = 1_800_000_000_000
const DAY = 24 * 3600 * 1000
const issuer = 'https://login.example.com'
const keys = { seal: [new Uint8Array(32).fill(1)], index: new Uint8Array(32).fill(2) } as const

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
  const gone = new Set<string>()
  const process = () => new Revocations(openStoreKeys(rows.store, undefined), 5)
  const chunks = () => rows.keys('revocations:')
  const head = () => rows.keys('revocations-head:')[0] ?? ''
  const names = () => rows.keys('revoked:')
  return {
    at,
    process,
    chunks,
    head,
    names,
    gone,
    rows,
    remove: async (...keys: readonly string[]) => {
      for (const key of keys) await inner.delete(key)
    },
    put: async (key: string, value: Uint8Array) =>
      inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, index: rows.indexesOf(key) }),
    get: async (key: string) => (await inner.get(key))?.value ?? new Uint8Array(),
    revoke: async (...subjects: readonly string[]) => {
      const revocations = process()
      for (const subject of subjects) await revocations.add({ issuer, subject }, at.now)
    },
    /** What a process says that has just begun. */
    newly: async (subject: string) => {
      const revocations = process()
      await revocations.refresh(at.now, user(subject))
      return revocations.find(user(subject), at.now) !== undefined
    },
    durably: async (subject: string) => (await process().findNow(user(subject), at.now)) !== undefined,
  }
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `user-${index}`)

describe('revocations whose rows were deleted', () => {
  test('names of rows and indexes tell nothing about what they hold', async () => {
    const { revoke, rows, chunks } = setup()
    await revoke('ann')
    for (const name of [...rows.keys(''), ...chunks().flatMap((key) => rows.indexesOf(key))]) {
      expect(name).toMatch(/^(revoked|revocations|revocations-head|log):[\w-]{43}(:\d{12})?$/)
    }
  })

  test('the record of a name: the log still says it', async () => {
    const { revoke, names, remove, newly, durably } = setup()
    await revoke('ann')
    await remove(...names())
    expect([await newly('ann'), await durably('ann')]).toEqual([true, true])
    expect(await newly('bob')).toBe(false)
  })

  test.each([
    [29, true],
    [31, false],
  ])('the record of a name: %i days later the log still says it: %s', async (days, isRevoked) => {
    const { at, revoke, names, remove, newly, durably } = setup()
    await revoke('ann')
    await remove(...names())
    at.now += days * DAY
    expect([await newly('ann'), await durably('ann')]).toEqual([isRevoked, isRevoked])
  })

  test('the log: the head says that it is missing, and the names are read', async () => {
    const { revoke, chunks, remove, newly } = setup()
    await revoke(...many(70))
    await remove(...chunks())
    expect([await newly('user-0'), await newly('user-69'), await newly('bob')]).toEqual([true, true, false])
  })

  test.each([
    ['first', 0],
    ['middle', 1],
    ['last', 2],
  ])('the %s chunk of the log: the names are read', async (_, index) => {
    const { revoke, chunks, remove, newly } = setup()
    await revoke(...many(150))
    expect(chunks()).toHaveLength(3)
    await remove(chunks()[index] ?? '')
    expect(await newly(`user-${index * 64}`)).toBe(true)
    expect(await newly('bob')).toBe(false)
  })

  test('index rows of the log: the names are read', async () => {
    const { revoke, rows, chunks, newly } = setup()
    await revoke('ann')
    const [index = ''] = rows.indexesOf(chunks()[0] ?? '')
    rows.alias.set(index, 'nothing')
    expect(await newly('ann')).toBe(true)
  })

  test('the head and the end of the log, and another revocation after it: the names are read', async () => {
    const { revoke, chunks, head, remove, newly } = setup()
    await revoke(...many(70))
    await remove(head(), chunks()[1] ?? '')
    expect(await newly('user-69')).toBe(true)
    await revoke('late')
    expect([await newly('user-69'), await newly('late'), await newly('bob')]).toEqual([true, true, false])
  })

  test('an older copy of a chunk in its own place: the names are read, also after another revocation', async () => {
    const { revoke, chunks, get, put, newly } = setup()
    await revoke('bob')
    const older = await get(chunks()[0] ?? '')
    await revoke('ann')
    await put(chunks()[0] ?? '', older)
    expect(await newly('ann')).toBe(true)
    await revoke('late')
    expect([await newly('ann'), await newly('late'), await newly('eve')]).toEqual([true, true, false])
  })

  test('an older copy of the head: later chunks are read, also those behind a chunk that is missing', async () => {
    const { revoke, chunks, head, get, put, remove, newly } = setup()
    await revoke(...many(64))
    const older = await get(head())
    await revoke('ann')
    const newest = await get(head())
    await put(head(), older)
    expect([await newly('ann'), await newly('bob')]).toEqual([true, false])
    await remove(head())
    await revoke('late')
    await put(head(), newest)
    expect([await newly('late'), await newly('ann'), await newly('bob')]).toEqual([true, true, false])
    expect(chunks()).toHaveLength(3)
  })

  test('an older copy of the head, and the end of the log: a process that knew notices', async () => {
    const { at, revoke, process, chunks, head, get, put, remove } = setup()
    await revoke(...many(64))
    const [full = ''] = chunks()
    const older = await get(head())
    await revoke('ann')
    const before = process()
    await before.refresh(at.now, undefined)
    expect(before.isFresh(at.now)).toBe(true)
    await put(head(), older)
    await remove(...chunks().filter((key) => key !== full))
    at.now += 6_000
    await before.refresh(at.now, undefined)
    expect(before.isFresh(at.now)).toBe(false)
  })

  test('the log, and a head that does not open: the names are read', async () => {
    const { revoke, chunks, head, put, remove, newly } = setup()
    await revoke('ann')
    await remove(...chunks())
    await put(head(), new Uint8Array([1, 2, 3]))
    expect([await newly('ann'), await newly('bob')]).toEqual([true, false])
  })

  test('nothing was deleted where a chunk has expired, and the head that is newer has not', async () => {
    const { at, revoke, process } = setup()
    await revoke(...many(64))
    at.now += 25 * DAY
    await revoke('ann')
    at.now += 96 * DAY
    await revoke()
    const later = process()
    await later.refresh(at.now, undefined)
    expect(later.isFresh(at.now)).toBe(true)
  })

  test('what was deleted is forgotten with what is older than the log keeps', async () => {
    const { at, revoke, chunks, process, remove } = setup()
    await revoke(...many(70))
    await remove(chunks()[0] ?? '')
    at.now += 20 * DAY
    await revoke(...many(130))
    at.now += 20 * DAY
    await revoke('late')
    const later = process()
    await later.refresh(at.now, undefined)
    expect(later.isFresh(at.now)).toBe(true)
    expect(later.find({ ...user('user-129'), claims: { iat: 1 } }, at.now)).toBeDefined()
  })

  test('all of them at once: a process that knew keeps what it knew', async () => {
    const { at, revoke, process, rows, remove } = setup()
    await revoke('ann')
    const before = process()
    await before.refresh(at.now, undefined)
    await remove(...rows.keys(''))
    at.now += 6_000
    await before.refresh(at.now, user('ann'))
    expect(before.find(user('ann'), at.now)).toBeDefined()
    expect(before.isFresh(at.now)).toBe(false)
  })

  test('nothing was deleted where two processes begin the log at once', async () => {
    const store = memoryStore({ clock: { now: () => NOW } })
    const process = (over = store) => new Revocations(openStoreKeys(over, keys), 5)
    let other: Promise<void> | undefined
    // The second one begins and ends while the first one writes its head.
    const slow = overStore(store, {
      put: async (key, ...rest) => {
        if (key.startsWith('revocations-head:')) other ??= process().add({ issuer, subject: 'bob' }, NOW)
        await other
        return store.put(key, ...rest)
      },
    })
    await process(slow).add({ issuer, subject: 'ann' }, NOW)
    const late = process()
    await late.read(NOW)
    expect(late.isFresh(NOW)).toBe(true)
    for (const subject of ['ann', 'bob']) expect(late.find(user(subject), NOW), subject).toBeDefined()
  })

  test('nothing was deleted where the log has expired, and where it begins again', async () => {
    const { at, revoke, process } = setup()
    const kept = process()
    await revoke(...many(70))
    await kept.refresh(at.now, undefined)
    at.now += 20 * DAY
    await revoke(...many(3))
    at.now += 11 * DAY
    for (const revocations of [kept, process()]) {
      await revocations.refresh(at.now, undefined)
      expect(revocations.isFresh(at.now)).toBe(true)
    }
    at.now += 31 * DAY
    for (const revocations of [kept, process()]) {
      await revocations.refresh(at.now, undefined)
      expect(revocations.isFresh(at.now)).toBe(true)
    }
    await revoke('ann')
    await kept.read(at.now)
    expect(kept.isFresh(at.now)).toBe(true)
  })
})

describe('a row of revocations that does not open', () => {
  const damage = new Uint8Array([1, 2, 3])

  test('of the log stops no call: the names are read in its place', async () => {
    const { revoke, chunks, put, newly } = setup()
    await revoke(...many(70))
    await put(chunks()[0] ?? '', damage)
    expect([await newly('user-3'), await newly('user-69'), await newly('bob')]).toEqual([true, true, false])
    await revoke('late')
    expect([await newly('late'), await newly('bob')]).toEqual([true, false])
  })

  test('at the end of the log prevents no revocation', async () => {
    const { revoke, chunks, put, newly } = setup()
    await revoke('ann')
    await put(chunks()[0] ?? '', damage)
    await revoke('late', 'later')
    expect([await newly('ann'), await newly('late'), await newly('later'), await newly('bob')]).toEqual([
      true,
      true,
      true,
      false,
    ])
  })

  test('of the head stops no call', async () => {
    const { revoke, head, put, newly } = setup()
    await revoke('ann')
    await put(head(), damage)
    await revoke('late')
    expect([await newly('ann'), await newly('late'), await newly('bob')]).toEqual([true, true, false])
  })

  test('of a name refuses only its own subject', async () => {
    const { revoke, names, put, durably } = setup()
    await revoke('ann')
    await put(names()[0] ?? '', damage)
    expect(await rejection(durably('ann'))).toBeInstanceOf(StoreError)
    expect(await durably('bob')).toBe(false)
  })
})
