import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { tapped } from '../runs/harness.ts'
import { api, vault, writes } from './in-doubt-world.ts'

/** Two guards over one store. The first one does `meanwhile` between its last check and its claim. */
function twoGuards(meanwhile: (world: ReturnType<typeof api>) => unknown) {
  const world = api()
  const { store, guard: there, request, call } = world
  let isDone = false
  const behind = tapped(store, async (operation, key, next) => {
    if (operation !== 'put' || !key.startsWith('lease:') || isDone) return next()
    isDone = true
    await meanwhile(world)
    return next()
  })
  const fetch = async (_: unknown, { method = 'GET' }: RequestInit = {}) => {
    world.sent.push(method)
    return new Response(null, { status: 200 })
  }
  const here = world.behalf({ store: behind, vault, fetch: fetch as typeof globalThis.fetch })
  const start = () => here.run(writes, call({ slot: 'here' }), request('POST') as never)
  return { ...world, there, start }
}

/** An equal call of another slot, whose API does not say whether it took it. */
async function goesInDoubt({ run, request, state }: ReturnType<typeof api>) {
  state.status = 500
  await run(writes, 'there', request('POST'))
  state.status = 200
}

describe('a run does not start beside an equal one that went in doubt (A13)', () => {
  test(verifies('A13', 'between its check and its claim'), async () => {
    const { start, sent } = twoGuards(goesInDoubt)
    await start()
    expect(sent).toHaveLength(1)
  })

  test(verifies('A13', 'while its process stood still between its check and its claim'), async () => {
    const { start, sent, run, request } = twoGuards(async (world) => {
      world.clock.advance(3600)
      await goesInDoubt(world)
      world.clock.advance(1)
    })
    expect(await start()).toMatchObject({ code: 'unknown_outcome' })
    expect(sent).toHaveLength(1)
    // Nothing was started: the run is as it was before.
    expect(await run(writes, 'here', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  })

  test('and where the store does not say whether one did, it does not start', async () => {
    const { behalf, store, call, request, sent } = api()
    let isClaimed = false
    const silent = tapped(store, (operation, key, next) => {
      if (operation === 'put' && key.startsWith('lease:')) isClaimed = true
      const isLate = isClaimed && operation === 'list' && key.startsWith('started:')
      return isLate ? Promise.reject(new StoreError('unavailable', 'no answer')) : next()
    })
    const fetch = async () => Response.json({ taken: sent.push('POST') })
    const guard = behalf({ store: silent, vault, fetch: fetch as typeof globalThis.fetch })
    expect(await guard.run(writes, call(), request('POST') as never)).toMatchObject({ status: 'unavailable' })
    expect(sent).toHaveLength(0)
  })
})
