import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { createGuard, memoryStore, type Store } from '../../../src/index.ts'
import { jobWorld } from '../delegations/job-world.ts'
import { overStore } from '../records/over-store.ts'
import { world } from '../sign-in/sessions-world.ts'

const outage = { code: 'ERR_STORE', reason: 'unavailable' }
const away = () => new StoreError('unavailable', 'the store is away')

type Servers = Pick<Awaited<ReturnType<typeof world>>, 'authorizationServer'>

/** How many refresh tokens the issuer was told of. */
async function told({ authorizationServer }: Servers): Promise<number> {
  const requests = await authorizationServer.controls.requests()
  const isTold = ({ endpoint, parameters }: (typeof requests)[number]) =>
    endpoint === 'revoke' && parameters?.token_type_hint === 'refresh_token'
  return requests.filter(isTold).length
}

/** A guard with two sessions of Ann's, over a store whose deletes of sessions a test breaks. */
async function twoSessions(
  deleted: (times: number, carryOut: () => ReturnType<Store['delete']>) => ReturnType<Store['delete']>,
) {
  const target = await world()
  const { profile, clock } = target
  let times = 0
  const store = overStore(target.store, {
    delete: (key, options) => {
      const carryOut = () => target.store.delete(key, options)
      return key.startsWith('session:') ? deleted(++times, carryOut) : carryOut()
    },
  })
  const sessions = target.sessions({ store })
  const { identity } = await sessions.create((await target.answer()).json)
  await sessions.create((await target.answer()).json)
  const guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:trader' }, sessions, store, clock })
  const { issuer, subject } = identity
  return { target, revoke: () => guard.revoke({ issuer, subject }) }
}

test(
  verifies('I9', 'where the store fails after the first of two sessions, the issuer is told of that one all the same'),
  async () => {
    const { target, revoke } = await twoSessions(async (times, carryOut) => {
      if (times === 2) throw away()
      return carryOut()
    })
    await expect(revoke()).rejects.toMatchObject(outage)
    expect(await told(target)).toBe(2)
    expect(await revoke()).toMatchObject({ sessions: 1 })
  },
)

test('where the store loses its answer to the end of a session, the issuer is told of it', async () => {
  const { target, revoke } = await twoSessions(async (times, carryOut) => {
    const answer = await carryOut()
    if (times === 1) throw away()
    return answer
  })
  await expect(revoke()).rejects.toMatchObject(outage)
  expect(await told(target)).toBe(1)
  expect(await revoke()).toMatchObject({ sessions: 1 })
  expect(await told(target)).toBe(2)
})

test('where the store goes away after the end of a delegation was written, the issuer is told of it', async () => {
  const target = await jobWorld()
  const inner = memoryStore({ clock: target.clock })
  let isGoing = false
  let isAway = false
  const store = overStore(inner, {
    get: async (key) => {
      if (isAway) throw away()
      return inner.get(key)
    },
    put: async (key, value, options) => {
      const version = await inner.put(key, value, options)
      isAway = isGoing && key.startsWith('delegation:')
      if (isAway) throw away()
      return version
    },
  })
  const guard = target.process({ store })
  await target.delegate(guard)
  const { issuer, subject } = (await target.present()).identity
  isGoing = true
  await expect(guard.revoke({ issuer, subject })).rejects.toMatchObject(outage)
  isGoing = isAway = false
  expect(await guard.revoke({ issuer, subject })).toMatchObject({ delegations: 0 })
  expect(await told(target)).toBe(1)
})
