// Calls that get results of earlier runs: the app finds them by their ids, in what the SDK hands to it.

import { tool } from '@anthropic-ai/claude-agent-sdk'
import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { asked, called, extraOf, hookInput } from './without-cli.ts'
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

test(
  verifies('A13', 'calls that one request carries out are not done again after Claude Code gave that request up'),
  async () => {
    const target = await world()
    const [guard, identity] = [target.guard({ timeoutMs: 60_000 }), await target.login()]
    const { policies, tools: plain, done } = transfers()
    const end = Promise.withResolvers<void>()
    const slow = tool(plain.transfer.name, 'Transfers', plain.transfer.inputSchema, async (input, extra) => {
      if (input.amount === 50) await end.promise
      return plain.transfer.handler(input, extra)
    })
    const made = { guard, policies, identity } as const
    const first = guardTools({ transfer: slow }, made)
    await called(first, 'transfer', { amount: 50 })
    await called(first, 'transfer', { amount: 70 }, { tool_use_id: 'call-2' })
    const pending = interruptsOf(first)
    await approved(target)
    await approved(target)
    await resumeWhenResolved(pending, { guard, identity })
    const second = guardTools({ transfer: slow }, { ...made, pending })
    await asked(second, hookInput('transfer', { amount: 50 }))
    const controller = new AbortController()
    const extra = { ...extraOf('call-1'), signal: controller.signal }
    const carrier = second.tools[0]?.handler({ amount: 50 } as never, extra)
    await expect.poll(() => done).toEqual([70])
    controller.abort(new Error('MCP_TOOL_TIMEOUT'))
    end.resolve()
    await expect(carrier).rejects.toThrow('MCP_TOOL_TIMEOUT')
    // The model has heard of neither, and asks for both again.
    const third = guardTools({ transfer: slow }, made)
    for (const [id, amount] of [['call-3', 50] as const, ['call-4', 70] as const]) {
      const went = await called(third, 'transfer', { amount }, { tool_use_id: id, prompt_id: 'prompt-2' })
      expect(went.told).toContain(`transferred ${amount}`)
    }
    expect(done).toEqual([70, 50])
  },
)
