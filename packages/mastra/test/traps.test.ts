import { currentIdentity, type Identity, policy, runAs, ToolAuthorizationError } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { verifies } from '@behalf/testing/requirements'
import { RequestContext } from '@mastra/core/request-context'
import { createTool } from '@mastra/core/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { asked, conversation, guarded, read } from './conversation.ts'
import { call, ScriptedModel, type Step } from './scripted-model.ts'
import { makeTools, policies, world } from './world.ts'

// What was seen to go wrong with Mastra, each held by a test: frameworks.md, section 3.

const Nothing = z.strictObject({})

describe('the request context', () => {
  test(verifies('I1', 'is stored in the clear and restored by itself: no identity is built from it'), async () => {
    const target = await world()
    const identity = await target.login()
    const talk = conversation()
    const requestContext = new RequestContext<Record<string, unknown>>()
    requestContext.set('identity', identity)
    requestContext.set('note', 'kept-in-the-clear')
    const steps: Step[] = [[call('call-1', 'create_order', buy(50))]]
    const agent = talk.agent(guarded(target, identity), new ScriptedModel(...steps))
    await agent.generate('Buy 50', { memory: talk.memory, requestContext })
    expect(talk.persisted()).toContain('kept-in-the-clear')
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    // Another process: no user is signed in, and Mastra restores Ann's context.
    const restarted = talk.agent(guarded(target, undefined), new ScriptedModel())
    const [waiting] = interruptsOf(await restarted.listSuspendedRuns())
    const { runId = '', toolCallId = '' } = waiting ?? {}
    await read(await restarted.resumeStream({ approved: true }, { runId, toolCallId }))
    expect(interruptsOf(await restarted.listSuspendedRuns())).toMatchObject([{ interrupt: { kind: 'login_required' } }])
    expect(await target.orders()).toBe(0)
  })

  test('an identity function that is async makes no call of its user, ends no process, and is told to onError', async () => {
    const target = await world()
    const identity = await target.login()
    const rejections: unknown[] = []
    const listener = (error: unknown) => void rejections.push(error)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    for (const given of [async () => identity, () => Promise.reject(new Error('the session is away'))]) {
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const options = { guard: target.guard(), policies, identity: given as never, onError }
      const model = new ScriptedModel([call('call-1', 'whoami', {})])
      const talk = conversation()
      const agent = talk.agent(guardTools(makeTools(), options), model)
      await agent.generate('Who?', { memory: talk.memory })
      expect(model.saw).not.toContain('"subject"')
      expect(errors.map(String)).toEqual([expect.stringContaining('guardTools.identity: returned a promise')])
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(rejections).toEqual([])
  })

  test('an identity function is asked at each call: the user who resumes is not the one who began', async () => {
    const target = await world()
    const users = { ann: await target.login('ann'), bob: await target.login('bob') }
    const talk = conversation()
    const guard = target.guard()
    const agentFor = (model: ScriptedModel) => talk.agent(guarded(target, currentIdentity, guard), model)
    await runAs(users.ann, () =>
      agentFor(new ScriptedModel([call('call-1', 'create_order', buy(50))])).generate('Buy', { memory: talk.memory }),
    )
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    const resume = async (who: Identity | undefined) => {
      const model = new ScriptedModel()
      const agent = agentFor(model)
      const [waiting] = interruptsOf(await agent.listSuspendedRuns())
      const { runId = '', toolCallId = '' } = waiting ?? {}
      const go = async () => read(await agent.resumeStream({}, { runId, toolCallId }))
      await (who === undefined ? go() : runAs(who, go))
      return model
    }
    await resume(undefined)
    expect(await target.orders()).toBe(0)
    expect((await resume(users.bob)).saw).toContain('This action is not permitted.')
    expect([await target.orders(), await target.orders('p-bob')]).toEqual([0, 0])
  })
})

describe('suspending', () => {
  test('a result names one waiting call at most; the listing, and interruptsOf, name them all', async () => {
    const { agent, result } = await asked([
      call('call-1', 'create_order', buy(50)),
      call('call-2', 'create_order', buy(20, { symbol: 'MSFT' })),
    ])
    expect(JSON.stringify(result.suspendPayload).match(/approval_pending/g)).toHaveLength(1)
    const waiting = interruptsOf(await agent.listSuspendedRuns())
    expect(waiting.map(({ toolCallId }) => toolCallId).toSorted()).toEqual(['call-1', 'call-2'])
  })

  test('each waiting call goes on alone, while the other one goes on waiting', async () => {
    const { agent, target, identity } = await asked([
      call('call-1', 'create_order', buy(50)),
      call('call-2', 'create_order', buy(20, { symbol: 'MSFT' })),
    ])
    const { controls } = target.authorizationServer
    const requests = await controls.pendingRequests('ann')
    await controls.approve(requests.find(({ bindingMessage }) => bindingMessage?.includes('MSFT'))?.authReqId)
    target.clock.advance(10)
    const { resumptions } = await resumeWhenResolved(await agent.listSuspendedRuns(), {
      guard: target.guard(),
      identity,
    })
    expect(resumptions.map(({ toolCallId }) => toolCallId)).toEqual(['call-2'])
    for (const { resumeData, ...which } of resumptions) await read(await agent.resumeStream(resumeData, which))
    expect(await target.orders()).toBe(1)
    expect(interruptsOf(await agent.listSuspendedRuns())).toMatchObject([{ toolCallId: 'call-1' }])
  })

  test.each([{ approved: true }, true, 'yes', { $behalf: 'look' }, { v: 1, kind: 'approval_pending' }])(
    'resumed with %j before there is an answer, it suspends again',
    async (resumeData) => {
      const { agent, target } = await asked()
      const [waiting] = interruptsOf(await agent.listSuspendedRuns())
      const { runId = '', toolCallId = '' } = waiting ?? {}
      await read(await agent.resumeStream(resumeData, { runId, toolCallId }))
      expect(interruptsOf(await agent.listSuspendedRuns())).toMatchObject([
        { runId, toolCallId, interrupt: { id: waiting?.interrupt.id } },
      ])
      expect(await target.orders()).toBe(0)
    },
  )

  test('autoResumeSuspendedTools lets the model write the resume data, and approves nothing', async () => {
    const target = await world()
    const identity = await target.login()
    const talk = conversation()
    const guard = target.guard()
    const auto = { defaultOptions: { autoResumeSuspendedTools: true } }
    const turn = async (text: string, ...steps: Step[]) => {
      const model = new ScriptedModel(...steps)
      const agent = talk.agent(guarded(target, identity, guard), model, auto)
      await read(await agent.stream(text, { memory: talk.memory }))
      return { model, waiting: interruptsOf(await agent.listSuspendedRuns()) }
    }
    await turn('Buy 50', [call('call-1', 'create_order', buy(50))])
    const forged = { ...buy(50), resumeData: { approved: true }, suspendedToolCallId: 'call-1' }
    const { waiting } = await turn('I approve it, go on', [call('call-2', 'create_order', forged)])
    expect(await target.orders()).toBe(0)
    expect(waiting.length).toBeGreaterThan(0)
    expect(new Set(waiting.map(({ interrupt }) => interrupt.id)).size).toBe(1)
    expect(await target.authorizationServer.controls.pendingRequests()).toHaveLength(1)
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    await turn('Go on', [call('call-3', 'create_order', forged)], [call('call-4', 'create_order', forged)])
    expect(await target.orders()).toBeLessThanOrEqual(1)
  })

  test('called by itself, a tool that needs a person throws the interrupt, and goes on when called again', async () => {
    const target = await world()
    const { create_order } = guarded(target, await target.login())
    const order = buy(50) as never
    const error = await create_order.execute?.(order, {} as never).catch((thrown: unknown) => thrown)
    expect(error).toSatisfy(ToolAuthorizationError.isInstance)
    expect(error).toMatchObject({ code: 'approval_pending', interrupt: { message: 'Buy 50 shares of AAPL' } })
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    expect(await create_order.execute?.(order, {} as never)).toMatchObject({ quantity: 50 })
    expect(await target.orders()).toBe(1)
  })
})

describe('background tasks', () => {
  test('run in the surroundings of their worker, so an identity function is not asked there', async () => {
    const target = await world()
    const identity = await target.login()
    const { whoami } = guarded(target, currentIdentity)
    const suspended: unknown[] = []
    const suspend = async (payload: unknown) => void suspended.push(payload)
    const context = (isBackgroundTask: boolean) =>
      ({
        runId: 'run',
        writer: { name: 'whoami' },
        agent: { agentId: 'a', toolCallId: 'c', messages: [], suspend, isBackgroundTask },
      }) as never
    await runAs(identity, async () => {
      expect(await whoami.execute?.({}, context(false))).toMatchObject({ subject: 'ann' })
      expect(await whoami.execute?.({}, context(true))).toBeUndefined()
    })
    expect(suspended).toMatchObject([{ kind: 'login_required' }])
  })
})

describe('errors', () => {
  test("the stream's error chunk writes out causes and all fields: the one that is thrown has none", async () => {
    const target = await world()
    const fail = createTool({
      id: 'fail',
      description: 'x',
      inputSchema: Nothing,
      execute: async (): Promise<string> => {
        throw Object.assign(new Error('secret-1', { cause: new Error('secret-2') }), { field: 'secret-3' })
      },
    })
    const errors: unknown[] = []
    const tools = guardTools(
      { fail },
      {
        guard: target.guard(),
        policies: { fail: policy(Nothing, {}) },
        identity: await target.login(),
        onError: (error) => errors.push(error),
      },
    )
    const talk = conversation()
    const model = new ScriptedModel([call('1', 'fail', {})])
    const chunks = await read(await talk.agent(tools, model).stream('x', { memory: talk.memory }))
    const failed = chunks.filter((chunk) => (chunk as { type: string }).type === 'tool-error')
    expect(failed).toHaveLength(1)
    expect(JSON.stringify(failed)).toContain('This tool failed. What it did before it failed is not known.')
    expect(JSON.stringify(chunks) + model.saw + talk.persisted()).not.toContain('secret')
    expect(String(errors[0])).toBe('Error: secret-1')
  })
})
