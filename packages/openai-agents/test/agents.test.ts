import { buy } from '@behalf/testing/contract'
import { handoff, RunContext } from '@openai/agents'
import { describe, expect, test } from 'vitest'
import { interruptsOf, restoreRun, saveRun } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { agentOf, approved, guarded, resumed, runner, world } from './world.ts'

const order = (id = 'order-1') => [call(id, 'create_order', buy(50))]

describe('an agent that another one hands over to', () => {
  test('waits with its own guarded call, and goes on after a restart', async () => {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    const agents = (...scripts: readonly [ScriptedModel, ScriptedModel]) => {
      const trader = agentOf(scripts[1], { name: 'trader', tools: guarded(guard, identity) })
      return agentOf(scripts[0], { name: 'desk', handoffs: [handoff(trader)] })
    }
    const desk = agents(new ScriptedModel([call('hand-1', 'transfer_to_trader', {})]), new ScriptedModel(order()))
    const asked = await runner.run(desk, 'Buy 50')
    expect(interruptsOf(asked)).toMatchObject([
      { callId: 'order-1', agent: 'trader', interrupt: { tool: 'create_order' } },
    ])
    await approved(target)
    const again = agents(new ScriptedModel(), new ScriptedModel('Bought.'))
    const { status, state } = await resumed(await restoreRun(again, saveRun(asked)), { guard, identity })
    expect(status).toBe('resolved')
    expect((await runner.run(again, state)).finalOutput).toBe('Bought.')
    expect(await target.orders()).toBe(1)
  })
})

describe('an agent that another one uses as a tool', () => {
  const context = { accessToken: 'canary-token-77aa' }

  async function nested() {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    const agents = (outer: ScriptedModel, inner: ScriptedModel) => {
      const trader = agentOf(inner, { name: 'trader', tools: guarded(guard, identity) })
      const asTool = trader.asTool({ toolName: 'ask_trader', toolDescription: 'Trades' })
      return agentOf(outer, { name: 'desk', tools: [asTool] })
    }
    const desk = agents(
      new ScriptedModel([call('outer-1', 'ask_trader', { input: 'Buy 50' })]),
      new ScriptedModel(order()),
    )
    const asked = await runner.run(desk, 'Buy 50', { context: context as never })
    return { target, guard, identity, agents, asked }
  }

  test('waits through the outer run, and goes on after a restart, once', async () => {
    const { target, guard, identity, agents, asked } = await nested()
    expect(interruptsOf(asked)).toMatchObject([{ callId: 'order-1', agent: 'trader' }])
    const saved = saveRun(asked)
    const early = agents(new ScriptedModel(), new ScriptedModel())
    expect(await resumed(await restoreRun(early, saved), { guard, identity })).toMatchObject({ status: 'open' })
    await approved(target)
    for (const _ of ['first', 'second']) {
      const again = agents(new ScriptedModel('All done.'), new ScriptedModel('Bought.'))
      const { status, state } = await resumed(await restoreRun(again, saved), { guard, identity })
      expect(status).toBe('resolved')
      expect((await runner.run(again, state)).finalOutput).toBe('All done.')
    }
    expect(await target.orders()).toBe(1)
  })

  test('saves no context of the outer or of the inner run', async () => {
    const { asked } = await nested()
    expect(asked.state.toString().match(/canary-token-77aa/g)?.length).toBeGreaterThan(1)
    expect(saveRun(asked)).not.toContain('canary-token-77aa')
  })
})

test('an agent used as a tool with a context of its own loses its interrupts: nothing runs, and nothing is answered', async () => {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const trader = agentOf(new ScriptedModel(order()), { name: 'trader', tools: guarded(guard, identity) })
  const asTool = trader.asTool({ toolName: 'ask_trader', toolDescription: 'Trades', runOptions: { context: {} } })
  const outer = new ScriptedModel([call('outer-1', 'ask_trader', { input: 'Buy 50' })])
  const asked = await runner.run(agentOf(outer, { name: 'desk', tools: [asTool] }), 'Buy 50')
  expect([asked.interruptions.length, interruptsOf(asked)]).toEqual([1, []])
  await approved(target)
  await expect(resumed(asked.state, { guard, identity })).rejects.toThrow('has no interrupts')
  expect(await target.orders()).toBe(0)
})

describe('an equal call under an id that came before gets the earlier result, as the guide warns', () => {
  const small = [call('call_0', 'create_order', buy(5))]

  test('of an agent that is used as a tool twice in one run', async () => {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    const model = new ScriptedModel(small, 'Bought.', small, 'Bought.')
    const trader = agentOf(model, { name: 'trader', tools: guarded(guard, identity) })
    const asTool = trader.asTool({ toolName: 'ask_trader', toolDescription: 'Trades' })
    const ask = (id: string) => [call(id, 'ask_trader', { input: 'Buy 5' })]
    await runner.run(agentOf(new ScriptedModel(ask('a'), ask('b')), { name: 'desk', tools: [asTool] }), 'Buy 5, twice')
    expect([model.requests, await target.orders()]).toEqual([4, 1])
  })

  test('of two runs to which the app passed one RunContext, and not of runs with their own', async () => {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    const turn = (context?: RunContext) =>
      runner.run(agentOf(new ScriptedModel(small), { tools: guarded(guard, identity) }), 'Buy 5', { context } as never)
    const shared = new RunContext()
    await turn(shared)
    await turn(shared)
    expect(await target.orders()).toBe(1)
    await turn()
    await turn()
    expect(await target.orders()).toBe(3)
  })
})

describe('a stream', () => {
  test('ends with the calls that wait, and streams on after the answer', async () => {
    const target = await world()
    const [guard, identity] = [target.guard(), await target.login()]
    const agent = agentOf(new ScriptedModel(order(), 'Bought.'), { tools: guarded(guard, identity) })
    const asked = await runner.run(agent, 'Buy 50', { stream: true })
    await asked.completed
    expect(interruptsOf(asked)).toMatchObject([{ callId: 'order-1' }])
    await approved(target)
    const { state } = await resumed(asked.state, { guard, identity })
    const stream = await runner.run(agent, state, { stream: true })
    const events: string[] = []
    for await (const event of stream) if (event.type === 'run_item_stream_event') events.push(event.name)
    expect(events).toEqual(['tool_output', 'message_output_created'])
    expect(stream.finalOutput).toBe('Bought.')
    expect(await target.orders()).toBe(1)
  })
})

test('calls that wait next to each other go on one by one, and a call that is still open asks no second question', async () => {
  const target = await world()
  const [guard, identity] = [target.guard(), await target.login()]
  const step = [...order(), call('order-2', 'create_order', buy(20, { symbol: 'MSFT' }))]
  const agent = agentOf(new ScriptedModel(step, 'Bought.'), { tools: guarded(guard, identity) })
  const asked = await runner.run(agent, 'Buy both')
  const { controls } = target.authorizationServer
  const [first] = await controls.pendingRequests('ann')
  await controls.approve(first?.authReqId)
  target.clock.advance(10)
  const { status, state } = await resumed(asked.state, { guard, identity })
  expect(status).toBe('resolved')
  const half = await runner.run(agent, state)
  expect(interruptsOf(half)).toHaveLength(1)
  expect(await target.orders()).toBe(1)
  expect(await controls.pendingRequests('ann')).toHaveLength(1)
  await approved(target)
  const rest = await resumed(half.state, { guard, identity })
  expect((await runner.run(agent, rest.state)).finalOutput).toBe('Bought.')
  expect(await target.orders()).toBe(2)
})
