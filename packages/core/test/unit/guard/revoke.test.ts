import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, ISSUER, reads, schema, smallWorld, user, writes } from './small-world.ts'

const subject = { issuer: ISSUER, subject: 'ann' }
const access = { mail: connection('mail', { scopes: ['send'], origins: ['https://mail.example'] }) }
const uses = policy(schema, { access })

describe('revoke (I9)', () => {
  test(verifies('I9', 'ends open questions and unused approvals at once, and the channel is told'), async () => {
    const { guard, call, answers, clock, channel } = smallWorld()
    const told: unknown[] = []
    const approvals: ApprovalChannel = { ...channel, cancel: async (asked) => void told.push(asked.state) }
    const behalf = guard({ approvals })
    await behalf.run(asks, call({ slot: 'open' }), () => 'ran')
    await behalf.run(asks, call({ slot: 'approved', input: { amount: 7 } }), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(10)
    await behalf.preflight(asks, call({ slot: 'approved', input: { amount: 7 } }))
    const others = user({ subject: 'bob' })
    await behalf.run(asks, call({ slot: 'bob', identity: others }), () => 'ran')
    expect(await behalf.revoke(subject)).toMatchObject({ approvals: 2 })
    expect(told).toHaveLength(1)
    clock.advance(31)
    const again = user({ claims: { iat: clock.now() / 1000 } })
    for (const over of [{ slot: 'open' }, { slot: 'approved', input: { amount: 7 } }]) {
      expect(await behalf.run(asks, call({ ...over, identity: again }), () => 'ran')).toMatchObject({ code: 'revoked' })
    }
    expect(await behalf.approvals.list({ identity: others, as: 'owner' })).toHaveLength(1)
  })

  test('a proof from before is refused, a new one is not, and the inbox is closed to the old one', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    await behalf.revoke(subject)
    expect(await behalf.run(reads, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'revoked' })
    await expect(behalf.approvals.list({ identity: user(), as: 'owner' })).rejects.toMatchObject({ reason: 'inactive' })
    clock.advance(31)
    const identity = user({ claims: { iat: clock.now() / 1000 } })
    expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject({ status: 'done' })
    const other = user({ subject: 'bob' })
    expect(await behalf.run(reads, call({ identity: other }), () => 'ran')).toMatchObject({ status: 'done' })
    const tenant = user({ tenant: 'other' })
    expect(await behalf.run(reads, call({ identity: tenant }), () => 'ran')).toMatchObject({ code: 'revoked' })
    const undated = user({ claims: {} })
    expect(await behalf.run(reads, call({ identity: undated }), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test('a proof of up to the skew after the revocation is one from before', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const revokedAt = clock.now() / 1000
    await behalf.revoke(subject)
    clock.advance(1)
    for (const [later, expected] of [
      [0, { code: 'revoked' }],
      [30, { code: 'revoked', retryAfter: 29 }],
      [31, { status: 'done' }],
      // Later than now, and beyond what clocks may differ.
      [32, { code: 'revoked' }],
    ] as const) {
      const identity = user({ claims: { iat: revokedAt + later } })
      expect(await behalf.run(reads, call({ identity }), () => 'ran')).toMatchObject(expected)
    }
  })

  test('a session of the same name in another tenant goes on', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const one = user({ sessionId: 's', tenant: 'one' })
    const two = user({ sessionId: 's', tenant: 'two' })
    for (const identity of [one, two]) {
      const input = { amount: identity === one ? 1 : 2 }
      await behalf.run(asks, call({ slot: `${identity.tenant}`, identity, input }), () => 'ran')
    }
    expect(await behalf.revoke({ issuer: ISSUER, tenant: 'one', session: 's' })).toMatchObject({ approvals: 1 })
    expect(await behalf.approvals.list({ identity: two, as: 'owner' })).toMatchObject([{ message: 'Pay 2' }])
  })

  test('one session ends, and the user’s others do not', async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    const phone = user({ sessionId: 'phone' })
    const desk = user({ sessionId: 'desk' })
    await behalf.run(asks, call({ slot: 'phone', identity: phone, input: { amount: 1 } }), () => 'ran')
    await behalf.run(asks, call({ slot: 'desk', identity: desk, input: { amount: 2 } }), () => 'ran')
    for (const session of [
      { ...subject, session: 'phone' },
      { issuer: ISSUER, session: 'phone' },
    ]) {
      await behalf.revoke(session)
    }
    const late = user({ sessionId: 'phone', claims: { iat: clock.now() / 1000 + 60 } })
    expect(await behalf.run(reads, call({ identity: phone }), () => 'ran')).toMatchObject({ code: 'revoked' })
    expect(await behalf.run(reads, call({ identity: late }), () => 'ran')).toMatchObject({ code: 'revoked' })
    expect(await behalf.run(reads, call({ identity: desk }), () => 'ran')).toMatchObject({ status: 'done' })
    expect(await behalf.approvals.list({ identity: desk, as: 'owner' })).toMatchObject([{ message: 'Pay 2' }])
  })

  test('drops the tokens of this process', async () => {
    const { guard, call, clock } = smallWorld()
    let asked = 0
    const vault: Vault = {
      specificationVersion: 1,
      token: async () => {
        asked++
        return { status: 'token', token: new Token('a-token'), scopes: ['send'], expiresAt: clock.now() / 1000 + 3600 }
      },
    }
    const behalf = guard({ vault })
    const identity = user({ claims: { iat: clock.now() / 1000 + 31 } })
    await behalf.run(uses, call({ identity }), () => 'ran')
    await behalf.run(uses, call({ identity }), () => 'ran')
    expect(asked).toBe(1)
    expect(await behalf.revoke(subject)).toMatchObject({ tokens: 1 })
    clock.advance(31)
    await behalf.run(uses, call({ identity }), () => 'ran')
    expect(asked).toBe(2)
  })

  test(verifies('I9', 'another process sees it within revocationSeconds'), async () => {
    const { guard, call, clock } = smallWorld()
    const here = guard()
    const there = guard({ revocationSeconds: 20 })
    expect(await there.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
    await here.revoke(subject)
    clock.advance(19)
    expect(await there.run(reads, call(), () => 'ran')).toMatchObject({ status: 'done' })
    clock.advance(1)
    expect(await there.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
  })

  test(verifies('I9', 'and always before a claim, however lately it read'), async () => {
    const { guard, call } = smallWorld()
    const here = guard()
    const there = guard({ revocationSeconds: 3600 })
    await there.run(writes, call({ slot: 'warm' }), () => 'ran')
    await here.revoke({ ...subject, session: 'none' })
    await here.revoke(subject)
    let runs = 0
    expect(await there.run(writes, call({ slot: 'new' }), () => runs++)).toMatchObject({ code: 'revoked' })
    expect(runs).toBe(0)
  })

  test.each(['revokes', 'ends the session of'] as const)(
    verifies('I9', 'and once more before a claim: another process %s the user while a token is fetched'),
    async (act) => {
      const { guard, call } = smallWorld()
      const here = guard()
      const vault: Vault = {
        specificationVersion: 1,
        token: async () => {
          await here.revoke(act === 'revokes' ? subject : { issuer: ISSUER, session: 'desk' })
          return { status: 'token', token: new Token('a-token'), scopes: ['send'] }
        },
      }
      const there = guard({ vault })
      const sends = policy(schema, { version: '1', effect: 'write', access })
      let runs = 0
      const desk = call({ identity: user({ sessionId: 'desk' }) })
      expect(await there.run(sends, desk, () => runs++)).toMatchObject({ status: 'denied', code: 'revoked' })
      expect(runs).toBe(0)
    },
  )

  test(verifies('I9', 'a read ends that its own process revokes while a token is fetched'), async () => {
    const { guard, call } = smallWorld()
    const vault: Vault = {
      specificationVersion: 1,
      token: async () => {
        await behalf.revoke(subject)
        return { status: 'token', token: new Token('a-token'), scopes: ['send'] }
      },
    }
    const behalf = guard({ vault })
    let runs = 0
    expect(await behalf.run(uses, call(), () => runs++)).toMatchObject({ status: 'denied', code: 'revoked' })
    expect(runs).toBe(0)
  })

  test('a process whose clock is minutes ahead, or behind, sees it all the same', async () => {
    for (const skew of [-300, 300]) {
      const { guard, call, clock } = smallWorld()
      const skewed = { ...clock, now: () => clock.now() + skew * 1000 }
      const there = guard({ clock: skewed })
      await there.run(reads, call(), () => 'ran')
      await guard().revoke({ issuer: ISSUER, subject: 'bob' })
      clock.advance(10)
      await there.run(reads, call(), () => 'ran')
      await guard().revoke(subject)
      clock.advance(10)
      expect(await there.run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
    }
  })

  test('a process that begins later knows it too; a store that does not answer lets no user pass', async () => {
    const { guard, call, store } = smallWorld()
    await guard().revoke(subject)
    expect(await guard().run(reads, call(), () => 'ran')).toMatchObject({ code: 'revoked' })
    for (const row of ['revoked-generation:', 'revoked:']) {
      const down = tapped(store, (_, key, next) =>
        key.startsWith(row) ? Promise.reject(new StoreError('unavailable', 'down')) : next(),
      )
      expect(await guard({ store: down }).run(reads, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
    }
  })

  test('the store is read at most every revocationSeconds, by all calls together', async () => {
    const { guard, call, store, clock } = smallWorld()
    let looks = 0
    const counting = tapped(store, (_, key, next) => {
      if (key.startsWith('revoked-generation:')) looks++
      return next()
    })
    const behalf = guard({ store: counting })
    await Promise.all(Array.from({ length: 50 }, () => behalf.run(reads, call(), () => 'ran')))
    expect(looks).toBe(1)
    clock.advance(5)
    await Promise.all(Array.from({ length: 50 }, () => behalf.run(reads, call(), () => 'ran')))
    expect(looks).toBe(2)
  })

  test('a store that never settles: it ends in time, typed, and can be called again', async () => {
    const { guard, call, store } = smallWorld()
    await guard().run(asks, call(), () => 'ran')
    const stuck = guard({ timeoutMs: 30, store: tapped(store, () => new Promise<never>(() => {})) })
    await expect(stuck.revoke(subject)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(await guard().revoke(subject)).toMatchObject({ approvals: 1 })
    expect(await guard().revoke(subject)).toMatchObject({ approvals: 0 })
  })

  test(verifies('I9', 'does not stop a body that runs'), async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const outcome = await behalf.run(writes, call(), async () => {
      await behalf.revoke(subject)
      return 'ran'
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
  })

  test('misspelt options, and options that name no user, are refused', async () => {
    const { guard } = smallWorld()
    for (const options of [
      { issuer: ISSUER },
      { ...subject, sesion: 'x' },
      { subject: 'ann' },
      { ...subject, subject: '' },
    ]) {
      await expect(guard().revoke(options as never)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
    expect(() => guard({ revocationSeconds: -1 })).toThrow(/revocationSeconds/)
  })

  test('nothing that is stored says who it was', async () => {
    const { guard, call, store } = smallWorld()
    // Each holds a sign that neither base64 nor hex has: a short name would come up in them by chance.
    const who = { subject: 'ann@person', sessionId: 'the:session' }
    const seen: string[] = []
    const behalf = guard({
      store: {
        ...tapped(store, (_, key, next) => {
          seen.push(key)
          return next()
        }),
        put: async (key, value, options) => {
          seen.push(key, new TextDecoder().decode(value), JSON.stringify(options))
          return store.put(key, value, options)
        },
      },
    })
    await behalf.run(asks, call({ identity: user(who), tool: 'pay.money' }), () => 'ran')
    await behalf.approvals.list({ identity: user(who), as: 'owner' })
    await behalf.revoke({ issuer: ISSUER, subject: who.subject, session: who.sessionId })
    const all = seen.join('\n')
    for (const personal of [who.subject, 'issuer.example', who.sessionId, 'Pay 50', 'pay.money']) {
      expect(all, personal).not.toContain(personal)
    }
  })
})
