import { expect, test } from 'vitest'
import { openLedger } from '../../../src/approvals/index.ts'
import { Revocations } from '../../../src/approvals/revocations.ts'
import type { Identity, UserIdentity } from '../../../src/contract/index.ts'
import { memoryStore } from '../../../src/stores/index.ts'

const NOW = 1_800_000_000_000
const MONTH = 30 * 24 * 3600 * 1000
const who = { issuer: 'https://login.example.com', tenant: 'acme' } as const
const ann = (more: Partial<UserIdentity> = {}): UserIdentity => ({
  kind: 'user',
  ...who,
  subject: 'ann',
  claims: {},
  ...more,
})

function setup() {
  const at = { now: NOW }
  const clock = { now: () => at.now }
  return { at, revocations: new Revocations(openLedger({ store: memoryStore({ clock }), clock }), 5) }
}

test('a revocation is remembered for thirty days, and forgotten after them', async () => {
  const { at, revocations } = setup()
  await revocations.add({ ...who, subject: 'ann' }, NOW)
  for (const [later, isOver] of [
    [MONTH - 1, true],
    [MONTH, true],
    [MONTH + 1, false],
  ] as const) {
    at.now = NOW + later
    await revocations.read(at.now)
    expect([later, revocations.has(ann())]).toEqual([later, isOver])
  }
})

test('whoever logs in after it goes on, with a session and a delegation or without', async () => {
  const { revocations } = setup()
  await revocations.add({ ...who, subject: 'ann' }, NOW)
  const later = { claims: { iat: NOW / 1000 + 1 } }
  for (const more of [{}, { sessionId: 's' }, { delegationId: 'd' }, { sessionId: 's', delegationId: 'd' }]) {
    expect(revocations.has(ann({ ...later, ...more }))).toBe(false)
  }
})

test('one that names nobody ends nobody’s access, not that of an agent either', async () => {
  const { revocations } = setup()
  await revocations.add(who, NOW)
  const agent: Identity = { kind: 'agent', ...who, clientId: 'worker', claims: {} }
  expect([revocations.has(agent), revocations.has(ann())]).toEqual([false, false])
})
