import { describe, expect, test } from 'vitest'
import { openLedger } from '../../../src/approvals/index.ts'
import { Revocations } from '../../../src/approvals/revocations.ts'
import type { Identity, UserIdentity } from '../../../src/contract/index.ts'
import { memoryStore } from '../../../src/stores/index.ts'

const NOW = 1_800_000_000_000
const issuer = 'https://login.example.com'

function setup(everySeconds = 5) {
  const at = { now: NOW }
  const clock = { now: () => at.now }
  const store = memoryStore({ clock })
  const ledger = openLedger({ store, clock })
  return { at, here: new Revocations(ledger, everySeconds), there: new Revocations(ledger, everySeconds) }
}

const user = (more: Partial<UserIdentity> = {}): UserIdentity => ({
  kind: 'user',
  issuer,
  tenant: 'acme',
  subject: 'ann',
  sessionId: 's-1',
  delegationId: 'd-1',
  claims: { iat: NOW / 1000 - 10 },
  ...more,
})

describe('whose access ended (I9)', () => {
  const owner = { issuer, tenant: 'acme' }
  test.each([
    ['a user', { ...owner, subject: 'ann' }],
    ['a session', { ...owner, session: 's-1' }],
    ['a session of a user', { ...owner, subject: 'ann', session: 's-1' }],
    ['a delegation', { ...owner, subject: 'ann', delegation: 'd-1' }],
  ])('%s, and nobody else', async (_, revoked) => {
    const { here } = setup()
    expect(here.has(user())).toBe(false)
    await here.add(revoked, NOW)
    expect(here.has(user())).toBe(true)
    const others: readonly Identity[] = [
      user({ issuer: 'https://other.example.com' }),
      user({ tenant: 'other' }),
      user({ subject: 'bob', sessionId: 's-2', delegationId: 'd-2' }),
      { kind: 'agent', issuer, tenant: 'acme', clientId: 'ann', claims: {} },
    ]
    for (const other of others) expect(here.has(other)).toBe(false)
  })

  test('a login from after it goes on, and one of that very second does not', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    const second = NOW / 1000
    expect(here.has(user({ claims: { iat: second } }))).toBe(true)
    expect(here.has(user({ claims: { iat: second + 1 } }))).toBe(false)
    expect(here.has(user({ claims: {}, authTime: second + 1 }))).toBe(false)
    expect(here.has(user({ claims: {}, authTime: second }))).toBe(true)
    // The token counts, not the login behind it.
    expect(here.has(user({ claims: { iat: second - 1 }, authTime: second + 1 }))).toBe(true)
    // Who does not say when they were proven was proven before.
    expect(here.has(user({ claims: {} }))).toBe(true)
  })

  test('a session that ended does not begin again under its name, and whoever has none is not it', async () => {
    const { here } = setup()
    await here.add({ ...owner, session: 's-1' }, NOW)
    const later = { claims: { iat: NOW / 1000 + 60 } }
    expect(here.has(user(later))).toBe(true)
    const { sessionId: _, ...without } = user(later)
    expect(here.has(without)).toBe(false)
    await here.add({ ...owner, subject: 'ann' }, NOW - 60_000)
    expect(here.has(without)).toBe(false)
  })

  test('an older one that is read later does not take the place of a newer one', async () => {
    const { here } = setup()
    await here.add({ ...owner, subject: 'ann' }, NOW)
    await here.add({ ...owner, subject: 'ann' }, NOW - 3_600_000)
    expect(here.has(user())).toBe(true)
  })
})

describe('other processes', () => {
  test('read of it, at most every so many seconds', async () => {
    const { at, here, there } = setup(5)
    await there.refresh(at.now)
    await here.add({ issuer, tenant: 'acme', subject: 'ann' }, at.now)
    await there.refresh(at.now)
    expect([there.isFresh(at.now), there.has(user())]).toEqual([true, false])
    at.now += 4_999
    expect(there.isFresh(at.now)).toBe(true)
    at.now += 1
    expect(there.isFresh(at.now)).toBe(false)
    await there.refresh(at.now)
    expect(there.has(user())).toBe(true)
  })

  test('and anew where their clock went back', async () => {
    const { here } = setup(5)
    await here.read(NOW)
    expect(here.isFresh(NOW)).toBe(true)
    expect(here.isFresh(NOW - 1)).toBe(false)
  })

  test('whose clocks differ by minutes miss none', async () => {
    const { at, here, there } = setup()
    await here.add({ issuer, tenant: 'acme', subject: 'bob' }, at.now + 300_000)
    await there.read(at.now)
    await here.add({ issuer, tenant: 'acme', subject: 'ann' }, at.now)
    await there.read(at.now)
    expect(there.has(user({ claims: { iat: NOW / 1000 } }))).toBe(true)
  })
})
