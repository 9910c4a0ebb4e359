import { describe, expect, test } from 'vitest'
import { policy, StoreError } from '../../../src/index.ts'
import { tapped } from '../approvals/harness.ts'
import { api, mail, vault, writes } from './in-doubt-world.ts'
import { schema } from './small-world.ts'

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

describe('of equal runs of two slots, one starts (A13)', () => {
  test('where the other one would go in doubt between a check and its claim', async () => {
    const { start, sent } = twoGuards(goesInDoubt)
    await start()
    expect(sent).toHaveLength(1)
  })

  test('where a process stands still between its check and its claim, and the other one goes in doubt meanwhile', async () => {
    const { start, sent, run, request } = twoGuards(async (world) => {
      world.clock.advance(3600)
      await goesInDoubt(world)
      world.clock.advance(1)
    })
    expect(await start()).toMatchObject({ status: 'unavailable' })
    expect(sent).toHaveLength(1)
    // Nothing was started: the run is as it was before.
    expect(await run(writes, 'here', request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  })

  test('where both come at once: the other one is told that it may be under way', async () => {
    const { run, request, sent } = api()
    const outcomes = await Promise.all(['one', 'two', 'three'].map((slot) => run(writes, slot, request('POST'))))
    expect(sent).toHaveLength(1)
    const statuses = outcomes.map((outcome) => 'status' in outcome && outcome.status)
    expect(statuses.toSorted()).toEqual(['done', 'unavailable', 'unavailable'])
  })

  test('where both were approved, and come at once', async () => {
    const { run, request, sent, answers, clock } = api()
    const perCall = policy(schema, {
      version: '1',
      approval: { message: ({ input }) => `Pay ${input.amount}`, perCall: true },
      access: { mail },
    })
    for (const slot of ['one', 'two']) await run(perCall, slot, request('POST'))
    answers({ status: 'approved' })
    clock.advance(6)
    await Promise.all(['one', 'two'].map((slot) => run(perCall, slot, request('POST'))))
    expect(sent).toHaveLength(1)
    expect(await run(perCall, 'two', request('POST'))).toMatchObject({ status: 'done' })
    expect(await run(perCall, 'one', request('POST'))).toMatchObject({ status: 'done' })
    expect(sent).toHaveLength(2)
  })

  test('and where the store does not say whether another one came meanwhile, none does', async () => {
    const { behalf, store, call, request, sent } = api()
    const silent = tapped(store, (operation, key, next) =>
      operation === 'delete' && key.startsWith('starting:')
        ? Promise.reject(new StoreError('unavailable', 'no answer'))
        : next(),
    )
    const fetch = async () => Response.json({ taken: sent.push('POST') })
    const guard = behalf({ store: silent, vault, fetch: fetch as typeof globalThis.fetch })
    expect(await guard.run(writes, call(), request('POST') as never)).toMatchObject({ status: 'unavailable' })
    expect(sent).toHaveLength(0)
  })
})
