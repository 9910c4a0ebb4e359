import { expect, test, vi } from 'vitest'
import type { Store } from '../../../src/index.ts'
import { world } from './sessions-world.ts'

test('after a session was ended, no call gets the answer of a renewal that began before', async () => {
  const { sessions, answer, clock, store, refreshes } = await world()
  let holds = false
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const slow: Store = {
    specificationVersion: 2,
    durable: store.durable,
    now: () => store.now(),
    get: (key) => store.get(key),
    list: (index, options) => store.list(index, options),
    put: async (key, value, options) => {
      const version = await store.put(key, value, options)
      if (holds && (await refreshes()) > 0) {
        holds = false
        await held
      }
      return version
    },
    claimDue: (queue, options) => store.claimDue(queue, options),
    increment: (key, options) => store.increment(key, options),
    delete: (key, options) => store.delete(key, options),
  }
  const all = sessions({ store: slow })
  const { json } = await answer()
  const { id } = await all.create(json)
  clock.advance(3590)
  holds = true
  const renewed = all.identity(id)
  // The new tokens are stored, and the store has not said so yet.
  await vi.waitFor(() => expect(holds).toBe(false))
  await all.end(id)
  const late = all.identity(id)
  release()
  expect(await late).toMatchObject({ status: 'login_required' })
  await renewed
})
