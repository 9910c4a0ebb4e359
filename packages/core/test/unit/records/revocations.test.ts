import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Identity, UserIdentity } from '../../../src/base/contract/index.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { keys } from '../guard/small-world.ts'
import { elsewhere } from '../runs/harness.ts'

const NOW = 1_800_000_000_000
const SECOND = NOW / 1000
const DAY = 24 * 3600
const issuer = 'https://login.example.com'
const owner = { issuer, tenant: 'acme' }

function setup(everySeconds = 5) {
  const at = { now: NOW }
  const clock = { now: () => at.now }
  const store = memoryStore({ clock })
  const process = () => new Revocations(openStoreKeys(elsewhere(store), keys), everySeconds)
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
    expect(await here.find(user(), NOW)).toBeUndefined()
    expect(await there.findNow(user(), NOW)).toBeUndefined()
    await here.add(revoked, NOW)
    expect(await here.find(user(), NOW)).toMatchObject({ name })
    expect(await there.findNow(user(), NOW)).toMatchObject({ name })
    const others: readonly Identity[] = [
      user({ issuer: 'https://other.example.com' }),
      user({ tenant: 'other' }),
      user({ subject: 'bob', sessionId: 's-2', delegationId: 'd-2' }),
      { kind: 'agent', issuer, tenant: 'acme', clientId: 'ann', claims: {} },
    ]
    for (const other of others) {
      expect(await here.find(other, NOW)).toBeUndefined()
      expect(await there.findNow(other, NOW)).toBeUndefined()
    }
  })

  test('counts in every tenant of the issuer where none is named', async () => {
    const { here, there } = setup()
    await here.add({ issuer, subject: 'ann' }, NOW)
    const { tenant: _, ...without } = user()
    for (const identity of [user(), user({ tenant: 'other' }), without]) {
      expect(await there.find(identity, NOW)).toMatchObject({ name: 'subject' })
    }
  })

  test('a session that ended does not begin again under its name', async () => {
    const { here } = setup()
    await here.add({ ...owner, session: 's-1' }, NOW)
    const later = user({ claims: { iat: SECOND + 60 } })
    expect(await here.find(later, NOW)).toEqual({ name: 'session', needsLogin: false })
    const { sessionId: _, ...without } = later
    expect(await here.find(without, NOW)).toBeUndefined()
  })

  test('keeps the later of two times, whichever came first', async () => {
    const { at, here, there } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    at.now -= 3_600_000
    await here.add({ ...owner, subject: 'ann' }, NOW)
    expect(await here.find(user(), NOW)).toBeDefined()
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
    expect(await here.find(user(), NOW + 400 * DAY * 1000)).toBeDefined()
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
    expect(await here.find(identity, NOW + 200_000)).toBeDefined()
  })

  test('a job is not told to log in, and no user waits once the skew is over', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    const job = user({ authTime: SECOND - 60, sessionId: 's-9' })
    expect(await here.find(job, NOW + 31_000)).toEqual({ name: 'subject', needsLogin: false })
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
    const revoking = new Revocations(openStoreKeys(elsewhere(store), keys), 5)
    await revoking.find(user(), NOW + skew)
    await revoking.add({ ...owner, subject: 'ann' }, NOW + skew)
    const there = new Revocations(openStoreKeys(elsewhere(store), keys), 5)
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
      await new Revocations(openStoreKeys(elsewhere(store), keys), 5).add({ ...owner, subject: 'ann' }, NOW + skew)
      const there = new Revocations(openStoreKeys(elsewhere(store), keys), 5)
      const proof = (iat: number) => user({ claims: { iat } })
      expect(await there.findNow(proof(SECOND + 60), NOW + 60_000)).toMatchObject({ retryAfter: 3_600 - 30 })
      expect(await there.findNow(proof(SECOND + 3_660), NOW + HOUR + 60_000)).toBeUndefined()
    },
  )
})

describe('other processes', () => {
  const ann = { issuer, tenant: 'acme', subject: 'ann' }

  test('read the generation at most every so many seconds', async () => {
    const { at, here, there } = setup(5)
    expect(await there.find(user(), at.now)).toBeUndefined()
    await here.add(ann, NOW)
    at.now += 4_999
    // What is known is returned without a promise.
    expect(there.find(user(), at.now)).toBeUndefined()
    at.now += 1
    expect(await there.find(user(), at.now)).toBeDefined()
  })

  test('read it again where their clock went back', async () => {
    const { here, there } = setup(5)
    await there.find(user(), NOW)
    await here.add(ann, NOW)
    expect(there.find(user(), NOW)).toBeUndefined()
    expect(await there.find(user(), NOW - 1)).toBeDefined()
  })

  test(verifies('I9', 'read it again where their clock went back to when they read it last'), async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { here, there } = setup(5)
    await there.find(user(), NOW)
    await here.add(ann, NOW)
    vi.advanceTimersByTime(20_000)
    expect(await there.find(user(), NOW + 100)).toBeDefined()
  })

  test(verifies('I9', 'see all of a hundred that ten processes wrote at once'), async () => {
    const { at, process, there } = setup()
    const ids = Array.from({ length: 100 }, (_, index) => `s-${index}`)
    const isRevoked = async (revocations: Revocations) =>
      (await Promise.all(ids.map((sessionId) => revocations.find(user({ sessionId }), at.now)))).every(Boolean)
    expect(await isRevoked(there)).toBe(false)
    const writers = Array.from({ length: 10 }, process)
    await Promise.all(ids.map((session, index) => writers[index % 10]?.add({ ...owner, session }, NOW)))
    at.now += 5_000
    expect([await isRevoked(there), await isRevoked(process())]).toEqual([true, true])
  })

  test(verifies('I9', 'see revocations of one name that ten processes wrote at once, in ten tenants'), async () => {
    const { process } = setup()
    const tenants = Array.from({ length: 10 }, (_, index) => `tenant-${index}`)
    await Promise.all(tenants.map((tenant) => process().add({ issuer, tenant, subject: 'ann' }, NOW)))
    const late = process()
    for (const tenant of tenants) expect(await late.find(user({ tenant }), NOW), tenant).toBeDefined()
    expect(await late.find(user({ tenant: 'other' }), NOW)).toBeUndefined()
  })

  test('see a revocation where the last one was so long ago that the generation has expired', async () => {
    const { at, here, there, process } = setup()
    await here.add({ ...owner, session: 'old' }, NOW)
    const identity = () => user({ claims: { iat: at.now / 1000 } })
    expect(await there.find(identity(), at.now)).toBeUndefined()
    at.now += 400 * DAY * 1000
    expect(await there.find(identity(), at.now)).toBeUndefined()
    await process().add(ann, at.now)
    at.now += 5_000
    expect(await there.find(identity(), at.now)).toMatchObject({ name: 'subject' })
  })
})
