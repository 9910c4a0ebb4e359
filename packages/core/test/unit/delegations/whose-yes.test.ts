import { expect, test } from 'vitest'
import { policies } from '../guard/world.ts'
import { jobWorld } from './job-world.ts'

const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 } as const

/** The user who is here, a job of theirs, and who of them was asked. */
async function bothAsk() {
  const world = await jobWorld()
  const guard = world.process()
  const id = await world.delegate(guard, { tools: ['create_order'], scopes: ['trade:write', 'portfolio:read'] })
  const job = await guard.delegations.identity(id)
  const { identity: user } = await world.present()
  const { controls } = world.authorizationServer
  const asked = async () => (await controls.pendingRequests('ann')).length
  let runs = 0
  const run = (identity: typeof user, slot: string) =>
    guard.run(policies.create_order, { tool: 'create_order', slot, input: order, identity }, () => ++runs)
  const answer = async () => {
    await controls.approve()
    world.clock.advance(10)
  }
  const pass = (seconds: number) => world.clock.advance(seconds)
  return { job, user, run, answer, asked, pass, runs: () => runs }
}

test.each([
  ['an answer that the user gave for themselves is not used by a job', 'another slot', 'user', 'job', 'two'],
  ['an answer that was given for a job is not used by the user', 'the same slot', 'job', 'user', 'one'],
  ['an answer that was given for a job is not used by the user', 'another slot', 'job', 'user', 'two'],
] as const)('%s, in %s', async (_, __, first, second, slot) => {
  const world = await bothAsk()
  expect(await world.run(world[first], 'one')).toMatchObject({ status: 'interrupted' })
  await world.answer()
  const interrupt = { kind: 'approval_pending' }
  // It is left for a while to whom it was given for.
  if (slot === 'one') expect(await world.run(world[second], slot)).toMatchObject({ status: 'unavailable' })
  world.pass(31)
  expect(await world.run(world[second], slot)).toMatchObject({ status: 'interrupted', interrupt })
  expect([await world.asked(), world.runs()]).toEqual([1, 0])
  await world.answer()
  expect(await world.run(world[second], slot)).toMatchObject({ status: 'done' })
})

test('an answer that the user gave for themselves is not used, nor replaced, by a job in the same slot', async () => {
  const world = await bothAsk()
  expect(await world.run(world.user, 'one')).toMatchObject({ status: 'interrupted' })
  await world.answer()
  for (let tries = 0; tries < 2; tries++, world.pass(31)) {
    expect(await world.run(world.job, 'one')).toMatchObject({ status: 'denied', code: 'not_permitted' })
  }
  expect([await world.asked(), world.runs()]).toEqual([0, 0])
  expect(await world.run(world.user, 'one')).toMatchObject({ status: 'done' })
})
