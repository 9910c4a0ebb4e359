// Calls that get results of earlier runs: the app finds them by their ids, in what the SDK hands to it.
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { called } from './without-cli.ts'
import { approved, transfers, world } from './world.ts'

test('two equal calls of one step that waited are one run: the result names the call that got its result', async () => {
  const target = await world()
  const [guard, identity] = [target.guard({ timeoutMs: 60_000 }), await target.login()]
  const { done, tools, policies } = transfers()
  const first = guardTools(tools, { guard, policies, identity })
  await called(first, 'transfer', { amount: 50 })
  await called(first, 'transfer', { amount: 50 }, { tool_use_id: 'call-2' })
  const pending = interruptsOf(first)
  expect(pending.map(({ callId }) => callId)).toEqual(['call-1', 'call-2'])
  await approved(target)
  await resumeWhenResolved(pending, { guard, identity })
  const { result } = await called(guardTools(tools, { guard, policies, identity, pending }), 'transfer', { amount: 50 })
  expect(done).toEqual([50])
  expect(JSON.stringify(result?.content).split('transferred 50')).toHaveLength(3)
  const again = { callId: expect.stringMatching(/^call-[12]$/), ranAt: expect.any(Number) }
  expect(result?._meta).toEqual({ 'behalf/replayed': [again] })
  // The session is restored from a backup: neither call runs now.
  const { result: restored } = await called(guardTools(tools, { guard, policies, identity, pending }), 'transfer', {
    amount: 50,
  })
  expect(restored?._meta?.['behalf/replayed']).toMatchObject([{ callId: 'call-1' }, { callId: 'call-2' }])
  expect(done).toEqual([50])
})
