import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/index.ts'
import { asks, ISSUER, reads, smallWorld, user, writes } from './small-world.ts'

const claims = { iat: 1_800_000_000 }
const by = (actor: UserIdentity['actor']) => user({ claims, ...(actor !== undefined && { actor }) })
const desk = by({ subject: 'support-desk' })

test(
  verifies('I9', 'a revocation ends what its subject does for others, in every process, and nothing else of theirs'),
  async () => {
    const { guard, call, clock } = smallWorld()
    const [here, elsewhere] = [guard(), guard()]
    const outcomes = async (identity: UserIdentity) => {
      const found: string[] = []
      for (const behalf of [here, elsewhere])
        for (const rules of [reads, writes]) {
          const outcome = await behalf.run(rules, call({ slot: crypto.randomUUID(), identity }), () => 'ran')
          found.push(outcome.status === 'denied' ? outcome.code : outcome.status)
        }
      return [...new Set(found)]
    }
    expect(await outcomes(desk)).toEqual(['done'])
    clock.advance(10)
    await here.revoke({ issuer: ISSUER, subject: 'support-desk' })
    clock.advance(10)
    expect(await outcomes(desk)).toEqual(['revoked'])
    const others = [
      undefined,
      { subject: 'another' },
      { subject: 'support-desk', issuer: 'https://other.example' },
      // RFC 8693 §4.1: earlier actors take no part in decisions.
      { subject: 'another', actor: { subject: 'support-desk' } },
    ]
    for (const actor of others) expect(await outcomes(by(actor))).toEqual(['done'])
    clock.advance(60)
    const again = user({ actor: { subject: 'support-desk' }, claims: { iat: clock.now() / 1000 } })
    expect(await outcomes(again)).toEqual(['done'])
  },
)

test(verifies('I11', 'a yes that a revoked actor asked for is not used by their next proof'), async () => {
  const { guard, call, clock, answers, questions } = smallWorld()
  const behalf = guard()
  const run = (identity: UserIdentity) => behalf.run(asks, call({ identity }), () => 'ran')
  expect(await run(desk)).toMatchObject({ status: 'interrupted' })
  answers({ status: 'approved' })
  clock.advance(10)
  expect(await behalf.preflight(asks, call({ identity: desk }))).toMatchObject({ status: 'ready' })
  await behalf.revoke({ issuer: ISSUER, subject: 'support-desk' })
  clock.advance(60)
  answers({ status: 'pending' })
  const again = user({ actor: { subject: 'support-desk' }, claims: { iat: clock.now() / 1000 } })
  expect(await run(again)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  expect(questions.length).toBe(2)
})

test.each([undefined, 'acme'])(
  verifies('I9', 'a revocation in one tenant ends what its subject does for users of tenant %s, and none of their own'),
  async (tenant) => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const run = (over: Partial<UserIdentity>) =>
      behalf.run(writes, call({ slot: crypto.randomUUID(), identity: user({ claims, ...over }) }), () => 'ran')
    const whose = tenant === undefined ? {} : { tenant }
    const [desk, same] = [{ subject: 'desk' }, { subject: 'ann', issuer: 'https://other.example' }]
    await behalf.revoke({ issuer: ISSUER, tenant: 'vendor', subject: 'desk' })
    await behalf.revoke({ issuer: ISSUER, tenant: 'vendor', subject: 'ann' })
    clock.advance(10)
    expect(await run({ ...whose, actor: desk })).toMatchObject({ status: 'denied', code: 'revoked' })
    expect(await run({ ...whose, subject: 'desk' })).toMatchObject({ status: 'done' })
    expect(await run({ ...whose, actor: same })).toMatchObject({ status: 'done' })
    expect(await run({ ...whose, subject: 'desk', actor: desk })).toMatchObject({ status: 'denied', code: 'revoked' })
    expect(await run({ ...whose, actor: { ...desk, issuer: 'https://other.example' } })).toMatchObject({
      status: 'done',
    })
  },
)
