import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/index.ts'
import { elsewhere, tapped } from '../runs/harness.ts'
import { asks, ISSUER, reads, smallWorld, user, writes } from './small-world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }

describe('a revocation, and the clocks of others', () => {
  test(verifies('I9', 'one process with a clock an hour ahead hides no revocation of the others'), async () => {
    const { guard, call, clock } = smallWorld()
    const ahead = guard({ clock: { ...clock, now: () => clock.now() + 3_600_000 } })
    const there = guard()
    await ahead.revoke({ issuer: ISSUER, subject: 'bob' })
    await there.run(reads, call(), () => 'ran')
    await guard().revoke(ann)
    clock.advance(5)
    expect(await there.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test.each(['store', 'process'] as const)(
    verifies('I9', 'where the clock of the %s is 40 days ahead, a revocation hides none of the others'),
    async (which) => {
      const { guard, call, clock } = smallWorld()
      let ahead = 0
      const store = memoryStore({ clock: { now: () => clock.now() + (which === 'store' ? ahead : 0) } })
      const there = guard({ store })
      await guard({ store: elsewhere(store) }).revoke({ issuer: ISSUER, subject: 'zoe' })
      await there.run(reads, call(), () => 'ran')
      await guard({ store: elsewhere(store) }).revoke(ann)
      ahead = 40 * 86_400_000
      const wrong = { ...clock, now: () => clock.now() + (which === 'process' ? ahead : 0) }
      await guard({ store: elsewhere(store), clock: wrong }).revoke({ issuer: ISSUER, subject: 'bob' })
      ahead = 0
      clock.advance(6)
      for (const reader of [there, guard({ store: elsewhere(store) })]) {
        expect(await reader.run(reads, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'revoked' })
      }
    },
  )

  test.each([
    ['that knew of them', 0],
    ['that began with the wrong clock', 40 * 86_400_000],
  ])(
    verifies('I9', 'a clock that is set back by 40 days hides no revocation from a process %s'),
    async (_, atFirst) => {
      const { guard, call, clock } = smallWorld()
      let ahead = atFirst
      const reader = guard({ clock: { ...clock, now: () => clock.now() + ahead } })
      const operator = guard()
      await operator.revoke(ann)
      for (let other = 0; other < 64; other++) await operator.revoke({ issuer: ISSUER, subject: `user-${other}` })
      for (ahead of [atFirst, 40 * 86_400_000, 0]) {
        clock.advance(6)
        await reader.run(reads, call(), () => 'ran')
      }
      expect(await reader.run(reads, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'revoked' })
    },
  )

  test.each(['store', 'process'] as const)(
    verifies('I9', 'where the clock of the %s is a day behind, no proof from before the revocation counts'),
    async (which) => {
      const { guard, call, clock } = smallWorld()
      const behind = { now: () => clock.now() - 86_400_000 }
      const store = memoryStore({ clock: which === 'store' ? behind : clock })
      const there = guard({ store })
      await guard({ store, clock: which === 'store' ? clock : behind }).revoke(ann)
      clock.advance(60)
      for (const policy of [reads, writes]) {
        expect(await there.run(policy, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'revoked' })
      }
      const kept = { identity: user(), tools: ['pay'], expiresAt: clock.now() / 1000 + 600 }
      await expect(there.delegations.create(kept)).rejects.toMatchObject({ reason: 'inactive' })
      const again = user({ claims: { iat: clock.now() / 1000 } })
      expect(await there.run(writes, call({ identity: again }), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )

  test(verifies('I9', 'a token of an issuer that is 20 s ahead, from before the revocation, is refused'), async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const identity = user({ claims: { iat: clock.now() / 1000 + 20 } })
    clock.advance(5)
    await behalf.revoke(ann)
    for (const policy of [reads, writes]) {
      const outcome = await behalf.run(policy, call({ identity }), () => 'ran')
      expect(outcome).toMatchObject({ status: 'denied', code: 'revoked', retryAfter: 30 })
    }
  })

  test(
    verifies('I9', 'a token that was refreshed after it, by a login from before it, has to be followed by a login'),
    async () => {
      const { guard, call, clock } = smallWorld()
      const behalf = guard()
      const authTime = clock.now() / 1000 - 60
      await behalf.revoke(ann)
      clock.advance(600)
      const identity = user({ authTime, claims: { iat: clock.now() / 1000, auth_time: authTime } })
      for (const policy of [reads, writes]) {
        expect(await behalf.run(policy, call({ identity }), () => 'ran')).toMatchObject({
          status: 'interrupted',
          interrupt: { kind: 'login_required', maxAge: 0 },
        })
      }
      const again = user({ authTime: clock.now() / 1000, claims: {} })
      expect(await behalf.run(writes, call({ identity: again }), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )

  test(
    verifies('I9', 'a proof that says neither when its user logged in nor when it was made is refused'),
    async () => {
      const { guard, call, clock } = smallWorld()
      const behalf = guard()
      await behalf.revoke(ann)
      clock.advance(600)
      for (const claims of [{}, { iat: `${clock.now() / 1000}` }]) {
        for (const policy of [reads, writes, asks]) {
          const outcome = await behalf.run(policy, call({ identity: user({ claims }) }), () => 'ran')
          expect(outcome).toMatchObject({ status: 'denied', code: 'revoked' })
        }
      }
    },
  )

  test('a session that was revoked is compared by its name alone', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    await behalf.revoke({ issuer: ISSUER, session: 'phone' })
    clock.advance(600)
    const authTime = clock.now() / 1000
    const phone = user({ sessionId: 'phone', authTime, claims: { iat: authTime } })
    expect(await behalf.run(reads, call({ identity: phone }), () => 'ran')).toMatchObject({ code: 'revoked' })
    const desk = user({ sessionId: 'desk', claims: {} })
    expect(await behalf.run(reads, call({ identity: desk }), () => 'ran')).toMatchObject({ status: 'done' })
  })
})

describe('a revocation without a tenant', () => {
  test(verifies('I9', 'ends what users of all tenants have open'), async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const one = user({ tenant: 'one', sessionId: 's' })
    const two = user({ tenant: 'two' })
    await behalf.run(asks, call({ slot: 'a', identity: one, input: { amount: 1 } }), () => 'ran')
    await behalf.run(asks, call({ slot: 'b', identity: two, input: { amount: 2 } }), () => 'ran')
    const delegated = { identity: two, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 }
    const { id } = await behalf.delegations.create(delegated)
    expect(await behalf.revoke(ann)).toMatchObject({ approvals: 2, delegations: 1 })
    await expect(behalf.delegations.identity(id)).rejects.toMatchObject({ reason: 'revoked' })
    for (const identity of [one, two]) {
      expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ code: 'revoked' })
    }
  })

  test('ends a session in all tenants, and one that names a tenant ends that one', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const run = (tenant: string, sessionId: string) =>
      behalf.run(reads, call({ identity: user({ tenant, sessionId }) }), () => 'ran')
    await behalf.revoke({ issuer: ISSUER, session: 'everywhere' })
    await behalf.revoke({ issuer: ISSUER, tenant: 'one', session: 'here' })
    expect(await run('one', 'everywhere')).toMatchObject({ code: 'revoked' })
    expect(await run('two', 'everywhere')).toMatchObject({ code: 'revoked' })
    expect(await run('one', 'here')).toMatchObject({ code: 'revoked' })
    expect(await run('two', 'here')).toMatchObject({ status: 'done' })
  })

  test('lists to a user without a tenant nothing of a user of the same name in one', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const one = user({ tenant: 'one' })
    await behalf.run(asks, call({ identity: one }), () => 'ran')
    await behalf.delegations.create({ identity: one, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 })
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toEqual([])
    expect(await behalf.delegations.list({ identity: user() })).toEqual([])
    expect(await behalf.delegations.list({ identity: one })).toHaveLength(1)
  })
})

describe('a revocation at an issuer that the guard does not know', () => {
  test.each([`${ISSUER}/`, 'https://other.example', 'https://ISSUER.example'])(
    'is an error, and ends no access: %s',
    async (issuer) => {
      const { guard, call } = smallWorld()
      const behalf = guard()
      await expect(behalf.revoke({ issuer, subject: 'ann' })).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: 'revoke.issuer',
        message: expect.stringContaining(JSON.stringify(issuer)),
      })
      expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )
})

test('a revocation of the agent itself is refused and says where it ends: only access of users is revoked', async () => {
  const { guard, call } = smallWorld()
  const behalf = guard()
  for (const revoke of [behalf.revoke, behalf.asOperator({ name: 'ops' }).revoke] as const)
    await expect(revoke({ issuer: ISSUER, subject: 'agent' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'revoke.subject',
      message: expect.stringContaining('disable it at its issuer'),
    })
  await behalf.revoke({ issuer: ISSUER, subject: 'another' })
  expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
})

describe('the names themselves are read', () => {
  test(verifies('I11', 'before a person is asked, however lately the log was read'), async () => {
    const { guard, call, questions } = smallWorld()
    const there = guard({ revocationSeconds: 3600 })
    await there.run(reads, call(), () => 'ran')
    await guard().revoke(ann)
    expect(await there.run(asks, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
    expect(await there.preflight(asks, call())).toMatchObject({ code: 'revoked' })
    expect(questions).toEqual([])
  })

  test('before a write, and where they cannot be read it does not begin', async () => {
    const { guard, call, store } = smallWorld()
    let isDown = false
    const failing = tapped(store, (operation, key, next) =>
      isDown && operation === 'get' && key.startsWith('revoked:')
        ? Promise.reject(new StoreError('unavailable', 'down'))
        : next(),
    )
    const behalf = guard({ store: failing })
    await behalf.run(writes, call({ slot: 'one' }), () => 'ran')
    isDown = true
    let runs = 0
    expect(await behalf.run(writes, call({ slot: 'two' }), () => runs++)).toMatchObject({ status: 'unavailable' })
    expect(runs).toBe(0)
  })

  test.each([31, 300])(
    verifies('I11', '%d days after a revocation, where a proof from before it has not expired'),
    async (days) => {
      const { guard, call, clock } = smallWorld()
      const now = clock.now() / 1000
      const token = user({ claims: { iat: now - 60 }, expiresAt: now + 365 * 86_400 })
      const knowing = guard()
      await knowing.run(reads, call({ identity: token }), () => 'ran')
      await guard().revoke(ann)
      clock.advance(days * 86_400)
      const refreshed = user({ authTime: now - 60, claims: { iat: clock.now() / 1000 } })
      for (const process of [() => knowing, () => guard()]) {
        expect(await process().run(reads, call({ identity: token }), () => 'ran')).toMatchObject({ code: 'revoked' })
        const outcome = await process().run(reads, call({ identity: refreshed }), () => 'ran')
        expect(outcome).toMatchObject({ interrupt: { kind: 'login_required', maxAge: 0 } })
        expect((await process().visible({ read: reads }, token)).names).toEqual([])
      }
      const since = user({ claims: { iat: clock.now() / 1000 } })
      expect(await guard().run(reads, call({ identity: since }), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )

  test.each([6, 40 * 86_400])(
    verifies('I9', 'once for a proof that is older than the log: a revocation after that counts %d seconds later'),
    async (seconds) => {
      const { guard, call, clock } = smallWorld()
      const now = clock.now() / 1000
      const identity = user({ authTime: now - 60 * 86_400, expiresAt: now + 365 * 86_400 })
      const there = guard()
      expect(await there.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
      await guard().revoke(ann)
      clock.advance(seconds)
      // A later revocation removes the first one from the log where it has expired.
      await guard().revoke({ issuer: ISSUER, subject: 'bob' })
      clock.advance(6)
      const outcome = await there.run(reads, call({ identity }), () => 'ran')
      expect(outcome).toMatchObject({ interrupt: { kind: 'login_required', maxAge: 0 } })
    },
  )

  test.each([
    ['a new proof', () => undefined],
    ['a proof that is older than the log', (now: number) => ({ authTime: now - 60 * 86_400 })],
    ['a proof without a time', () => ({ claims: {} })],
  ])('and a warm read by %s makes no request to the store', async (_, fields) => {
    const { guard, call, store, clock } = smallWorld()
    const identity = user(fields(clock.now() / 1000))
    let requests = 0
    const counting = tapped(store, (_operation, _key, next) => {
      requests++
      return next()
    })
    const behalf = guard({ store: counting })
    await behalf.run(reads, call({ identity }), () => 'ran')
    await behalf.revoke({ issuer: ISSUER, subject: 'bob' })
    requests = 0
    for (let index = 0; index < 10; index++) {
      expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
    }
    expect(requests).toBe(0)
  })
})
