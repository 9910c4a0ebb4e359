import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createGuard, type Store, type UserIdentity } from '../../../src/index.ts'
import { openStoreKeys } from '../../../src/records/index.ts'
import { Revocations } from '../../../src/records/revocation/index.ts'
import { keys } from '../guard/small-world.ts'
import { overStore } from '../records/over-store.ts'
import { type World, world } from './sessions-world.ts'

const DAY = 24 * 3600
const guardOf = ({ profile, store, clock }: World) =>
  createGuard({ authorizationServer: profile, agent: { name: 'agent:trader' }, store, keys, clock })

/** Whose session it is, as `revoke` takes it. */
async function annOf(target: World, by: 'subject' | 'session') {
  const { json } = await target.answer()
  const { id, identity } = await target.sessions({ keys }).create(json)
  const { issuer, subject, sessionId: session = '' } = identity
  return { id, json, identity, whose: by === 'subject' ? { issuer, subject } : { issuer, session } }
}

const identityOf = async (target: World, id: string): Promise<UserIdentity | undefined> => {
  const answer = await target.sessions({ keys }).identity(id)
  return answer.status === 'verified' ? answer.identity : undefined
}

describe('a proof that was revoked makes no session (I11)', () => {
  test.each(['subject', 'session'] as const)('by its %s', async (by) => {
    const target = await world()
    const { json, whose } = await annOf(target, by)
    await guardOf(target).revoke(whose)
    await expect(target.sessions({ keys }).create(json)).rejects.toMatchObject({
      code: 'ERR_INVALID_TOKEN',
      reason: 'inactive',
    })
  })

  test.each([1, 2])(
    verifies('I11', 'revoked right after write %i: the written session signs no user in'),
    async (atWrite) => {
      const target = await world()
      const { json, whose } = await annOf(target, 'subject')
      let writes = 0
      const put: Store['put'] = async (key, value, options) => {
        const version = await target.store.put(key, value, options)
        if (key.startsWith('session:') && version !== 'conflict' && ++writes === atWrite)
          await guardOf(target).revoke(whose)
        return version
      }
      const created = await target
        .sessions({ store: overStore(target.store, { put }), keys })
        .create(json)
        .then(
          ({ id }) => id,
          (error: unknown) => error,
        )
      expect(writes).toBe(atWrite)
      if (atWrite === 2) expect(await identityOf(target, created as string)).toBeUndefined()
      else expect(created).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
    },
  )

  test('revoked right after the write, by a process that has not come to its clean-up yet: it is not made', async () => {
    const target = await world()
    const { json, whose } = await annOf(target, 'subject')
    const put: Store['put'] = async (key, value, options) => {
      const version = await target.store.put(key, value, options)
      if (key.startsWith('session:')) {
        await new Revocations(openStoreKeys(target.store, keys), 0).add(whose, target.clock.now())
      }
      return version
    }
    const created = target.sessions({ store: overStore(target.store, { put }), keys }).create(json)
    await expect(created).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
    const requests = await target.authorizationServer.controls.requests()
    expect(requests.filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(1)
  })

  test('deleting every row of the revocation restores no session: it was deleted too', async () => {
    const target = await world()
    const rows = new Set<string>()
    const put: Store['put'] = async (key, value, options) => {
      rows.add(key)
      return target.store.put(key, value, options)
    }
    const { id, whose } = await annOf(target, 'subject')
    const { profile: authorizationServer, clock } = target
    const store = overStore(target.store, { put })
    const agent = { name: 'agent:trader' }
    const sessions = target.sessions({ store, keys })
    await createGuard({ authorizationServer, agent, store, keys, clock, sessions }).revoke(whose)
    for (const key of rows) await target.store.delete(key)
    expect([...rows].some((key) => key.startsWith('revoked:'))).toBe(true)
    expect(await identityOf(target, id)).toBeUndefined()
  })

  test('a session lasts no longer than revocations are kept', async () => {
    const { sessions } = await world()
    expect(() => sessions({ lifetimeSeconds: 366 * DAY + 1 })).toThrow('createSessions.lifetimeSeconds: ')
    expect(() => sessions({ lifetimeSeconds: 366 * DAY })).not.toThrow()
  })
})

describe('a session is compared at each use', () => {
  test.each(['subject', 'session'] as const)(
    'one whose %s was revoked signs no user in, even without a clean-up, and sends no refresh token',
    async (by) => {
      const target = await world()
      const { id, whose } = await annOf(target, by)
      const failing = overStore(target.store, {
        list: async (index, options) => (index.startsWith('session:') ? [] : target.store.list(index, options)),
      })
      await guardOf({ ...target, store: failing }).revoke(whose)
      expect(await identityOf(target, id)).toBeUndefined()
      target.clock.advance(3590)
      expect(await identityOf(target, id)).toBeUndefined()
      expect(await target.refreshes()).toBe(0)
    },
  )

  test(
    verifies(
      'I11',
      'a renewal does not make its proof newer: what was taken of it before is refused after a revocation',
    ),
    async () => {
      const target = await world()
      const { id, identity, whose } = await annOf(target, 'subject')
      target.clock.advance(3590)
      const renewed = await identityOf(target, id)
      expect(await target.refreshes()).toBe(1)
      expect(renewed?.provenAt).toBe(identity.provenAt)
      const guard = guardOf(target)
      await guard.revoke(whose)
      target.clock.advance(60)
      const inbox = guard.approvals.list({ identity: renewed as UserIdentity, as: 'owner' })
      await expect(inbox).rejects.toMatchObject({ reason: 'inactive' })
    },
  )

  test('a new login after the revocation signs in', async () => {
    const target = await world()
    const { whose } = await annOf(target, 'subject')
    await guardOf(target).revoke(whose)
    target.clock.advance(31)
    const { json } = await target.answer()
    const { id } = await target.sessions({ keys }).create(json)
    expect(await identityOf(target, id)).toMatchObject({ subject: 'ann' })
  })
})
