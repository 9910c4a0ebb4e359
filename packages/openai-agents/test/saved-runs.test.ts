import { buy } from '@behalf/testing/contract'
import { RunState, toolNamespace } from '@openai/agents'
import { describe, expect, test } from 'vitest'
import { type AnyTool, interruptsOf, restoreRun, resumeWhenResolved, saveRun } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { agentOf, approved, guarded, optionsFor, resumed, runner, transfers } from './world.ts'

describe('a saved run', () => {
  test('that the framework saved has no interrupts, and resumeWhenResolved says how to save', async () => {
    const { guard, identity } = await optionsFor()
    const agent = agentOf(new ScriptedModel([call('call-1', 'create_order', buy(50))]), {
      tools: guarded(guard, identity),
    })
    const { state } = await runner.run(agent, 'Buy 50')
    const raw = await RunState.fromString(agent, state.toString())
    await expect(resumed(raw, { guard, identity })).rejects.toThrow('save with saveRun and restore with restoreRun')
    await expect(restoreRun(agent, state.toString())).rejects.toThrow('restoreRun.saved: give what saveRun returned')
    const damaged = ['x', 'null', '{"v":1,"run":"r"}', '{"v":1,"run":"r","interrupts":[1],"state":{}}']
    for (const text of damaged) await expect(restoreRun(agent, text)).rejects.toThrow('restoreRun.saved')
    await expect(resumeWhenResolved(state, { guard, identity, threadId: '' })).rejects.toThrow('threadId')
  })

  test('of another conversation is not answered', async () => {
    const { guard, identity, target } = await optionsFor()
    const agent = agentOf(new ScriptedModel([call('call-1', 'create_order', buy(50))]), {
      tools: guarded(guard, identity),
    })
    const { state } = await runner.run(agent, 'Buy 50')
    await approved(target)
    expect(await resumeWhenResolved(state, { guard, identity, threadId: 'thread-2' })).toMatchObject({
      status: 'unknown',
    })
  })

  test('whose calls wait for the framework alone has nothing to resume', async () => {
    const { guard, identity } = await optionsFor()
    const { bare } = transfers()
    const agent = agentOf(new ScriptedModel([call('call-1', 'transfer', { amount: 1 })]), { tools: [bare] })
    const { state } = await runner.run(agent, 'Transfer 1')
    expect(await resumed(state, { guard, identity })).toMatchObject({ status: 'nothing' })
    expect(interruptsOf(state)).toEqual([])
  })
})

test('tools in a namespace wait and go on like others, also where their arguments are no object', async () => {
  const { guard, identity, target } = await optionsFor()
  const tools = () =>
    toolNamespace({ name: 'desk', description: 'Trades', tools: guarded(guard, identity) }) as unknown as AnyTool[]
  const step = [call('call-1', 'desk.create_order', buy(50)), call('call-2', 'desk.create_order', '[50]')]
  const agent = agentOf(new ScriptedModel(step), { tools: tools() })
  const asked = await runner.run(agent, 'Buy 50')
  expect(interruptsOf(asked)).toMatchObject([{ callId: 'call-1', interrupt: { message: 'Buy 50 shares of AAPL' } }])
  await approved(target)
  const again = agentOf(new ScriptedModel('Bought.'), { tools: tools() })
  const { state } = await resumed(await restoreRun(again, saveRun(asked)), { guard, identity })
  const result = await runner.run(again, state)
  expect([result.finalOutput, await target.orders()]).toEqual(['Bought.', 1])
  expect(JSON.stringify(result.history)).toContain('The arguments of this call are not valid for this tool.')
})

describe('arguments that a model wrote badly', () => {
  test.each([
    ['no JSON', '{"quantity": ', 'An error occurred while parsing tool arguments.'],
    ['a list', '[50]', 'The arguments of this call are not valid for this tool.'],
    ['a number', '50', 'The arguments of this call are not valid for this tool.'],
  ])(
    '%s: interrupts by the framework itself, and resumeWhenResolved lets the model repair it',
    async (_, text, sentence) => {
      const { guard, identity, target } = await optionsFor()
      const model = new ScriptedModel([call('call-1', 'create_order', text)])
      const agent = agentOf(model, { tools: guarded(guard, identity) })
      const asked = await runner.run(agent, 'Buy')
      expect([asked.interruptions.length, interruptsOf(asked)]).toEqual([1, []])
      const { status, state } = await resumed(await restoreRun(agent, saveRun(asked)), { guard, identity })
      expect(status).toBe('resolved')
      expect(JSON.stringify((await runner.run(agent, state)).history)).toContain(sentence)
      expect(await target.orders()).toBe(0)
    },
  )
})
