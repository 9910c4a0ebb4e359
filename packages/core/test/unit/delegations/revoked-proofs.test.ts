import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { type GuardWithDelegations, memoryStore, type Store, type UserIdentity } from '../../../src/index.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { asks, ISSUER, keys, reads, smallWorld, user, writes } from '../guard/small-world.ts'
import { overStore } from '../records/over-store.ts'
import { jobWorld } from './job-world.ts'

const DAY = 24 * 3600
const subject = { issuer: ISSUER, subject: 'ann' }
const ended = { reason: 'revoked' }

/** A guard whose store lets a test do something right after a delegation was written for the n-th time. */
function racing(work: (guard: GuardWithDelegations) => Promise<unknown>, atWrite = 1) {
  const target = smallWorld()
  let writes = 0
  const put: Store['put'] = async (key, value, options) => {
    const version = await target.store.put(key, value, options)
    if (key.startsWith('delegation:') && ++writes === atWrite) await work(target.guard())
    return version
  }
  const behalf = target.guard({ store: overStore(target.store, { put }) })
  const create = (over: object = {}) =>
    behalf.delegations.create({
      identity: user({ sessionId: 'phone' }),
      tools: ['pay'],
      expiresAt: target.clock.now() / 1000 + 30 * DAY,
      ...over,
    })
  return { ...target, behalf, create }
}

describe('a proof that was revoked makes no delegation (I11)', () => {
  test.each([
    ['subject', subject],
    ['subject, of all tenants', { issuer: ISSUER, subject: 'ann' }],
    ['session', { issuer: ISSUER, session: 'phone' }],
  ])(verifies('I11', 'by its %s, in any process, however lately that one read the log'), async (_, whose) => {
    const { guard, clock } = smallWorld()
    const there = guard({ revocationSeconds: 3600 })
    const identity = user({ sessionId: 'phone', tenant: 'one' })
    await there.approvals.list({ identity, as: 'owner' })
    await guard().revoke(whose)
    const created = there.delegations.create({ identity, tools: ['pay'], expiresAt: clock.now() / 1000 + 30 * DAY })
    await expect(created).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
    expect(await there.delegations.list({ identity })).toEqual([])
  })

  test('nor one of which it is not known when it was made', async () => {
    const { create } = racing(async () => {})
    await expect(create({ identity: user({ claims: {} }) })).rejects.toMatchObject({ reason: 'claims' })
  })

  test.each([1, 2])(
    verifies('I11', 'revoked right after write %i: what was written gives nothing'),
    async (atWrite) => {
      const { behalf, create, guard, clock } = racing((other) => other.revoke(subject), atWrite)
      const created = await create().then(
        ({ id }) => id,
        (error: unknown) => error,
      )
      if (atWrite === 1) expect(created).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
      else await expect(behalf.delegations.identity(created as string)).rejects.toMatchObject(ended)
      const again = user({ authTime: clock.now() / 1000 + 60 })
      for (const view of await guard().delegations.list({ identity: again })) expect(view.state).toBe('revoked')
    },
  )

  test('revoked right after the write, by a process that has not come to its clean-up yet: it is not made', async () => {
    const { behalf, create, store, clock } = racing(() =>
      new Revocations(openStoreKeys(store, keys), 0).add(subject, clock.now()),
    )
    await expect(create()).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
    const again = user({ authTime: clock.now() / 1000 + 60 })
    expect(await behalf.delegations.list({ identity: again })).toMatchObject([{ state: 'revoked' }])
  })

  test('a store that does not answer after the write leaves nothing that may be used', async () => {
    const { guard, store, clock } = smallWorld()
    let id = ''
    let written = false
    const tapped = overStore(store, {
      put: async (key, value, options) => {
        if (written) throw new StoreError('unavailable', 'down')
        const version = await store.put(key, value, options)
        if (key.startsWith('delegation:')) written = true
        return version
      },
      get: async (key) => {
        if (written) throw new StoreError('unavailable', 'down')
        return store.get(key)
      },
    })
    const behalf = guard({
      store: tapped,
      audit: {
        write: (event) => {
          if (event.type === 'delegation') id = event.delegationId
        },
      },
    })
    const created = behalf.delegations.create({
      identity: user(),
      tools: ['pay'],
      expiresAt: clock.now() / 1000 + 30 * DAY,
    })
    await expect(created).rejects.toMatchObject({ reason: 'unavailable' })
    expect(id).not.toBe('')
    await expect(guard().delegations.identity(id)).rejects.toMatchObject({ reason: 'unknown' })
    expect(await guard().delegations.list({ identity: user() })).toEqual([])
    clock.advance(300)
    await expect(guard().delegations.identity(id)).rejects.toMatchObject({ reason: 'unknown' })
  })

  test('no delegation outlives the revocations that may end it', async () => {
    const { create, clock } = racing(async () => {})
    const over = { expiresAt: clock.now() / 1000 + 367 * DAY }
    await expect(create(over)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await create({ expiresAt: clock.now() / 1000 + 366 * DAY })
  })
})

describe('a delegation is compared at each use', () => {
  /** A revocation whose clean-up never came: the names alone say it. */
  async function unswept(whose: object, over: Partial<UserIdentity> = {}) {
    const target = smallWorld()
    const behalf = target.guard()
    const { id } = await behalf.delegations.create({
      identity: user(over),
      tools: ['pay'],
      expiresAt: target.clock.now() / 1000 + 300 * DAY,
    })
    const job = await behalf.delegations.identity(id)
    const failing = overStore(target.store, {
      list: async (index, options) => (index.startsWith('delegation:') ? [] : target.store.list(index, options)),
    })
    await target.guard({ store: failing }).revoke({ issuer: ISSUER, ...whose })
    return { ...target, behalf, id, job }
  }

  test.each([
    ['its user', { subject: 'ann' }],
    ['the session in which it was made', { session: 'phone' }],
  ])(
    verifies('I11', 'one that is older than the revocation of %s gives no identity, a day or 200 days later'),
    async (_, whose) => {
      const { behalf, guard, id, clock } = await unswept(whose, { sessionId: 'phone' })
      await expect(behalf.delegations.identity(id)).rejects.toMatchObject(ended)
      for (const days of [1, 199]) {
        clock.advance(days * DAY)
        await expect(guard().delegations.identity(id)).rejects.toMatchObject(ended)
      }
    },
  )

  test('and what a job had of it before runs nothing more', async () => {
    for (const whose of [{ subject: 'ann' }, { session: 'phone' }]) {
      const { behalf, job, clock } = await unswept(whose, { sessionId: 'phone' })
      clock.advance(5)
      for (const rules of [reads, writes, asks]) {
        const call = { tool: 'pay', slot: rules === reads ? 'a' : 'b', input: { amount: 1 }, identity: job }
        expect(await behalf.run(rules, call, () => 'ran')).toMatchObject({ code: 'revoked' })
      }
    }
  })

  test(verifies('I11', 'an identity without a token says when its user agreed, and not that it is new'), async () => {
    const { guard, clock } = smallWorld()
    const { delegations } = guard()
    const authTime = clock.now() / 1000 - 60
    const { id } = await delegations.create({
      identity: user({ authTime }),
      tools: ['pay'],
      expiresAt: clock.now() / 1000 + 30 * DAY,
    })
    clock.advance(7 * DAY)
    expect(await delegations.identity(id)).toMatchObject({ provenAt: authTime, claims: { iat: authTime } })
  })

  test('one made after the revocation works', async () => {
    const { guard, clock, call } = smallWorld()
    const behalf = guard()
    await behalf.revoke(subject)
    clock.advance(60)
    const identity = user({ authTime: clock.now() / 1000 })
    const { id } = await behalf.delegations.create({ identity, tools: ['pay'], expiresAt: clock.now() / 1000 + DAY })
    const job = await behalf.delegations.identity(id)
    expect(await behalf.run(writes, call({ identity: job }), () => 'ran')).toMatchObject({ status: 'done' })
  })

  test.each([
    ['before its refresh token is sent: it is given back unused', 1, { refreshes: 0, givenBack: 1 }],
    ['after it was sent: the new one is given back to the issuer', 2, { refreshes: 1, givenBack: 1 }],
  ])('one that is revoked while it is renewed gives no identity; %s', async (_, atWrite, expected) => {
    const { process, delegate, present, refreshes, authorizationServer, clock } = await jobWorld()
    const store = memoryStore({ clock })
    const id = await delegate(process({ store, keys }))
    const { identity } = await present()
    let writes = 0
    const before = await refreshes()
    const watched = overStore(store, {
      put: async (key, value, options) => {
        const version = await store.put(key, value, options)
        // The name is written; the clean-up has not come this far.
        if (key.startsWith('delegation:') && !key.endsWith(':lease') && ++writes === atWrite) {
          const { issuer, subject: ann } = identity
          await new Revocations(openStoreKeys(store, keys), 0).add({ issuer, subject: ann }, clock.now())
        }
        return version
      },
    })
    await expect(process({ store: watched, keys }).delegations.identity(id)).rejects.toMatchObject(ended)
    const requests = await authorizationServer.controls.requests()
    expect((await refreshes()) - before).toBe(expected.refreshes)
    expect(requests.filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(expected.givenBack)
  })
})
