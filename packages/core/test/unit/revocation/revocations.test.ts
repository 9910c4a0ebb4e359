import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Identity, UserIdentity } from '../../../src/base/contract/index.ts'
import { openStoreKeys } from '../../../src/base/records/index.ts'
import { memoryStore } from '../../../src/base/stores/memory-store.ts'
import { Revocations } from '../../../src/consent/revocation/index.ts'

const NOW = 1_800_000_000_000
const SECOND = NOW / 1000
const DAY = 24 * 3600
const issuer = 'https://login.example.com'
const owner = { issuer, tenant: 'acme' }

function setup(everySeconds = 5) {
  const at = { now: NOW }
  const clock = { now: () => at.now }
  const store = memoryStore({ clock })
  const process = () => new Revocations(openStoreKeys(store, undefined), everySeconds)
  return { at, store, process, here: process(), there: process() }
}

const user = (more: Partial<UserIdentity> = {}): UserIdentity => ({
  kind: 'user',
  ...owner,
  subject: 'ann',
  sessionId: 's-1',
  delegationId: 'd-1',
  claims: { iat: SECOND - 10 },
  ...more,
})

describe('a revoked name (I9)', () => {
  test.each([
    ['a user', 'subject', { ...owner, subject: 'ann' }],
    ['a session', 'session', { ...owner, session: 's-1' }],
    ['a session of a user', 'session', { ...owner, subject: 'ann', session: 's-1' }],
    ['a delegation', 'delegation', { ...owner, subject: 'ann', delegation: 'd-1' }],
  ])('ends only the access of %s', async (_, name, revoked) => {
    const { here, there } = setup()
    expect(here.find(user(), NOW)).toBeUndefined()
    expect(await there.findNow(user(), NOW)).toBeUndefined()
    await here.add(revoked, NOW)
    expect(here.find(user(), NOW)).toMatchObject({ name })
    expect(await there.findNow(user(), NOW)).toMatchObject({ name })
    const others: readonly Identity[] = [
      user({ issuer: 'https://other.example.com' }),
      user({ tenant: 'other' }),
      user({ subject: 'bob', sessionId: 's-2', delegationId: 'd-2' }),
      { kind: 'agent', issuer, tenant: 'acme', clientId: 'ann', claims: {} },
    ]
    for (const other of others) {
      expect(here.find(other, NOW)).toBeUndefined()
      expect(await there.findNow(other, NOW)).toBeUndefined()
    }
  })

  test('counts in every tenant of the issuer where none is named', async () => {
    const { here, there } = setup()
    await here.add({ issuer, subject: 'ann' }, NOW)
    await there.read(NOW)
    const { tenant: _, ...without } = user()
    for (const identity of [user(), user({ tenant: 'other' }), without]) {
      expect(there.find(identity, NOW)).toMatchObject({ name: 'subject' })
    }
  })

  test('a session that ended does not begin again under its name', async () => {
    const { here } = setup()
    await here.add({ ...owner, session: 's-1' }, NOW)
    const later = user({ claims: { iat: SECOND + 60 } })
    expect(here.find(later, NOW)).toEqual({ name: 'session', needsLogin: false })
    const { sessionId: _, ...without } = later
    expect(here.find(without, NOW)).toBeUndefined()
  })

  test('keeps the later of two times, whichever came first', async () => {
    const { at, here, there } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    at.now -= 3_600_000
    await here.add({ ...owner, subject: 'ann' }, NOW)
    expect(here.find(user(), NOW)).toBeDefined()
    expect(await there.findNow(user(), NOW)).toBeDefined()
  })

  test('is remembered for longer than any delegation may last', async () => {
    const { at, here, process } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    at.now += 366 * DAY * 1000
    expect(await process().findNow(user(), at.now)).toBeDefined()
    at.now += DAY * 1000
    expect(await process().findNow(user(), at.now)).toBeUndefined()
  })

  test('stays in the memory of a process, whatever its clock says', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    const late = NOW + 400 * DAY * 1000
    await here.read(late)
    expect(here.find(user(), late)).toBeDefined()
  })
})

describe('when a proof was made', () => {
  const ended = async (more: Partial<UserIdentity>, at = NOW) => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    const { sessionId: _, delegationId: __, ...identity } = user(more)
    return here.find(identity, at)
  }

  test('is the login, where the proof says it, whatever a refresh wrote into iat', async () => {
    expect(await ended({ authTime: SECOND - 1, claims: { iat: SECOND + 600 } })).toMatchObject({ needsLogin: true })
    expect(await ended({ authTime: SECOND + 31, claims: { iat: SECOND - 1 } }, NOW + 1000)).toBeUndefined()
  })

  test('is what a session keeps, before iat', async () => {
    expect(await ended({ provenAt: SECOND - 1, claims: { iat: SECOND + 600 } })).toMatchObject({ needsLogin: false })
    expect(await ended({ provenAt: SECOND + 31, claims: { iat: SECOND - 1 } }, NOW + 1000)).toBeUndefined()
  })

  test('is the earlier of login and delegation, where there are both', async () => {
    const late = SECOND + 600
    expect(await ended({ provenAt: SECOND - 1, authTime: late })).toBeDefined()
    expect(await ended({ provenAt: late, authTime: SECOND - 1 })).toBeDefined()
    expect(await ended({ provenAt: late, authTime: late }, NOW + 600_000)).toBeUndefined()
  })

  test('is iat else; up to the skew after the revocation it counts as before', async () => {
    expect(await ended({ claims: { iat: SECOND } })).toEqual({ name: 'subject', needsLogin: false, retryAfter: 30 })
    expect(await ended({ claims: { iat: SECOND + 30 } })).toMatchObject({ retryAfter: 30 })
    expect(await ended({ claims: { iat: SECOND + 31 } }, NOW + 1000)).toBeUndefined()
  })

  test(verifies('I9', 'a proof that says neither is refused'), async () => {
    expect(await ended({ claims: {} })).toMatchObject({ name: 'subject' })
    expect(await ended({ claims: { iat: '1800000600' } })).toMatchObject({ name: 'subject' })
  })

  test('a time of the future proves nothing, such as one in milliseconds', async () => {
    expect(await ended({ authTime: (SECOND + 600) * 1000 }, NOW + 3_600_000)).toBeDefined()
  })

  test('is compared with the latest of several revocations', async () => {
    const { here } = setup()
    await here.add({ issuer: owner.issuer, tenant: 't1', subject: 'ann' }, NOW + 100_000)
    await here.add({ issuer: owner.issuer, subject: 'ann' }, NOW)
    const { sessionId: _, delegationId: __, ...identity } = user({ tenant: 't1', authTime: SECOND + 60 })
    expect(here.find(identity, NOW + 200_000)).toBeDefined()
  })

  test('a job is not told to log in, and no user waits once the skew is over', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    const job = user({ authTime: SECOND - 60, sessionId: 's-9' })
    expect(here.find(job, NOW + 31_000)).toEqual({ name: 'subject', needsLogin: false })
  })
})

describe('whether an approver was revoked after an answer', () => {
  test('is read from the store, for the time of the answer and later', async () => {
    const { here, there } = setup()
    const ann = { issuer, tenant: 'acme', subject: 'ann' }
    expect(await there.isRevokedSince(ann, 0, NOW)).toBe(false)
    await here.add(ann, NOW)
    expect(await there.isRevokedSince(ann, SECOND, NOW)).toBe(true)
    expect(await there.isRevokedSince(ann, SECOND - 60, NOW)).toBe(true)
    expect(await there.isRevokedSince(ann, SECOND + 1, NOW)).toBe(false)
    expect(await there.isRevokedSince({ ...ann, tenant: 'other' }, 0, NOW)).toBe(false)
    await here.add({ issuer, subject: 'ann' }, NOW)
    expect(await there.isRevokedSince({ ...ann, tenant: 'other' }, SECOND, NOW)).toBe(true)
  })

  test('the end of one session is no end of the subject', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann', session: 's-1' }, NOW)
    expect(await here.isRevokedSince({ ...owner, subject: 'ann' }, 0, NOW)).toBe(false)
  })
})

describe('the time of a revocation', () => {
  const HOUR = 3_600_000

  test.each([
    ['the store', 0, -HOUR],
    ['the process that revokes', -HOUR, 0],
  ])('is not before the true one where the clock of %s is an hour behind', async (_, skew, storeSkew) => {
    const store = memoryStore({ clock: { now: () => NOW + storeSkew } })
    const revoking = new Revocations(openStoreKeys(store, undefined), 5)
    await revoking.read(NOW + skew)
    await revoking.add({ ...owner, subject: 'ann' }, NOW + skew)
    const there = new Revocations(openStoreKeys(store, undefined), 5)
    expect(await there.findNow(user({ claims: { iat: SECOND - 60 } }), NOW)).toBeDefined()
    expect(await there.findNow(user({ claims: { iat: SECOND + 60 } }), NOW + 60_000)).toBeUndefined()
  })

  test.each([
    ['the store', 0, HOUR],
    ['the process that revokes', HOUR, 0],
  ])(
    'is the later one where the clock of %s is an hour ahead: proofs count once that has come',
    async (_, skew, storeSkew) => {
      const store = memoryStore({ clock: { now: () => NOW + storeSkew } })
      await new Revocations(openStoreKeys(store, undefined), 5).add({ ...owner, subject: 'ann' }, NOW + skew)
      const there = new Revocations(openStoreKeys(store, undefined), 5)
      const proof = (iat: number) => user({ claims: { iat } })
      expect(await there.findNow(proof(SECOND + 60), NOW + 60_000)).toMatchObject({ retryAfter: 3_600 - 30 })
      expect(await there.findNow(proof(SECOND + 3_660), NOW + HOUR + 60_000)).toBeUndefined()
    },
  )
})

describe('other processes', () => {
  test('read the log at most every so many seconds', async () => {
    const { at, here, there } = setup(5)
    await there.refresh(at.now, undefined)
    await here.add({ issuer, tenant: 'acme', subject: 'ann' }, NOW)
    await there.refresh(at.now, undefined)
    expect([there.isFresh(at.now), there.find(user(), at.now)]).toEqual([true, undefined])
    at.now += 4_999
    expect(there.isFresh(at.now)).toBe(true)
    at.now += 1
    expect(there.isFresh(at.now)).toBe(false)
    await there.refresh(at.now, undefined)
    expect(there.find(user(), at.now)).toBeDefined()
  })

  test('read it again where their clock went back', async () => {
    const { here } = setup(5)
    await here.read(NOW)
    expect(here.isFresh(NOW)).toBe(true)
    expect(here.isFresh(NOW - 1)).toBe(false)
  })

  test(verifies('I9', 'read it again where their clock went back to when they read it last'), async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { here, there } = setup(5)
    await there.read(NOW)
    await here.add({ ...owner, subject: 'ann' }, NOW)
    vi.advanceTimersByTime(20_000)
    expect(there.isFresh(NOW + 100)).toBe(false)
    await there.refresh(NOW + 100, undefined)
    expect(there.find(user(), NOW + 100)).toBeDefined()
  })

  test(
    verifies('I9', 'see all of a hundred that were appended by ten processes at once, in more chunks than one'),
    async () => {
      const { process, there } = setup()
      await there.read(NOW)
      const writers = Array.from({ length: 10 }, process)
      const ids = Array.from({ length: 100 }, (_, index) => `s-${index}`)
      await Promise.all(ids.map((session, index) => writers[index % 10]?.add({ ...owner, session }, NOW)))
      const late = process()
      await Promise.all([there.read(NOW), late.read(NOW)])
      for (const sessionId of ids) {
        expect(there.find(user({ sessionId }), NOW), sessionId).toBeDefined()
        expect(late.find(user({ sessionId }), NOW), sessionId).toBeDefined()
      }
    },
  )

  test('see a log that began again after all of it had expired', async () => {
    const { at, here, there, process } = setup()
    for (let index = 0; index < 70; index++) await here.add({ ...owner, session: `s-${index}` }, NOW)
    await there.read(at.now)
    at.now += 31 * DAY * 1000
    const ann = { ...owner, subject: 'ann' }
    await process().add(ann, at.now)
    await there.read(at.now)
    expect(there.find(user({ claims: { iat: at.now / 1000 } }), at.now)).toMatchObject({ name: 'subject' })
    // As many as before: the same keys, and other chunks.
    const before = process()
    await before.read(at.now)
    for (let index = 0; index < 70; index++) await process().add({ ...owner, session: `t-${index}` }, at.now)
    await Promise.all([there.read(at.now), before.read(at.now)])
    expect(there.find(user({ sessionId: 't-69', claims: { iat: at.now / 1000 + 60 } }), at.now)).toBeDefined()
    expect(before.find(user({ sessionId: 't-3', claims: { iat: at.now / 1000 + 60 } }), at.now)).toBeDefined()
  })

  test('do not take the first chunk of a new log for the one that they have read', async () => {
    const { at, here, there, process } = setup()
    await here.add({ ...owner, session: 'old' }, NOW)
    await there.read(at.now)
    at.now += 31 * DAY * 1000
    const writer = process()
    await writer.add({ ...owner, session: 'first' }, at.now)
    await there.read(at.now)
    expect(there.find(user({ sessionId: 'first' }), at.now)).toBeDefined()
  })
})
