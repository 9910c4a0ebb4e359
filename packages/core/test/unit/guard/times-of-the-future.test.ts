import { describe, expect, test } from 'vitest'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createGuard, memoryStore, type UserIdentity, verifyAccessToken } from '../../../src/index.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testChannel, testClock } from '../runs/harness.ts'
import { asks, reads, writes } from './small-world.ts'

const AUDIENCE = 'https://agent.example/'
const clock = testClock()
const issuer = await mockIssuer('https://issuer.example', () => clock.now())
useMsw(...issuer.handlers)
const authorizationServer = oidc({
  issuer: issuer.issuer,
  clientId: 'agent-app',
  clientSecret: 'a-client-secret',
  algorithms: ['ES256'],
})
const ann = { issuer: issuer.issuer, subject: 'ann' }

const verified = async (claims: object) =>
  (await verifyAccessToken(
    await issuer.sign({ ...accessTokenClaims, aud: AUDIENCE, exp: clock.now() / 1000 + 9999, ...claims }),
    { authorizationServer, audience: AUDIENCE, clock },
  )) as UserIdentity

function world() {
  const store = memoryStore({ clock })
  const { channel, questions } = testChannel()
  const guard = createGuard({
    delegations: delegations(),
    authorizationServer,
    agent: { name: 'agent:payer' },
    approvals: channel,
    store,
    clock,
  })
  let slot = 0
  const run = (rules: typeof reads, identity: UserIdentity) =>
    guard.run(rules, { tool: 'pay', slot: `slot-${++slot}`, input: { amount: slot }, identity }, () => 'ran')
  const delegate = (identity: UserIdentity) =>
    guard.delegations.create({ identity, tools: ['pay'], expiresAt: clock.now() / 1000 + 9999 })
  /** What a process wrote that died before its clean-up. */
  const revokedByName = () => new Revocations(openStoreKeys(store, undefined), 0).add(ann, clock.now())
  return { guard, questions, run, delegate, revokedByName }
}

describe('a proof whose time has not come proves nothing against a revocation (I9)', () => {
  test.each<[string, () => object]>([
    ['an auth_time in milliseconds', () => ({ auth_time: clock.now() })],
    ['an auth_time in an hour', () => ({ auth_time: clock.now() / 1000 + 3600 })],
  ])('%s', async (_, claims) => {
    const { guard, run, delegate } = world()
    const identity = await verified(claims())
    await guard.revoke(ann)
    for (const rules of [reads, writes]) expect((await run(rules, identity)).status).not.toBe('done')
    await expect(delegate(identity)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
  })

  test('one within the skew counts', async () => {
    const { guard, run } = world()
    await guard.revoke(ann)
    clock.advance(60)
    expect(await run(writes, await verified({ auth_time: clock.now() / 1000 + 30 }))).toMatchObject({ status: 'done' })
  })
})

describe('what is kept by such a proof is not newer than itself (I11)', () => {
  const soon = () => verified({ auth_time: clock.now() / 1000 + 600 })

  test('a delegation gives no identity after a revocation, also once the time has come', async () => {
    const { guard, delegate, revokedByName } = world()
    const { id } = await delegate(await soon())
    await revokedByName()
    clock.advance(900)
    await expect(guard.delegations.identity(id)).rejects.toMatchObject({ reason: 'revoked' })
  })

  test('a question is not sent after a revocation, also once the time has come', async () => {
    const { run, questions, revokedByName, guard } = world()
    const identity = await soon()
    const asked = await run(asks, identity)
    expect(questions).toHaveLength(1)
    await revokedByName()
    // The delivery ran out, and the question would be sent again.
    clock.advance(900)
    await guard.approvals.get(asked.trace.approvalId ?? '', { identity: await verified({ sub: 'ann' }) })
    expect(questions).toHaveLength(1)
  })
})
