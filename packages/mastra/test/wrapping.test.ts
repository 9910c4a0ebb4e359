import { ConfigurationError, currentIdentity, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { createTool, MASTRA_TOOL_MARKER } from '@mastra/core/tools'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { conversation, read } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { makeTools, policies, world } from './world.ts'

// What was seen to go wrong with Mastra, each held by a test: frameworks.md, section 3.

const Nothing = z.strictObject({})
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}

describe('wrapping', () => {
  test('a clone keeps the marker and what the tool decides about approvals, which a tool made again would lose', async () => {
    const target = await world()
    const tool = createTool({ id: 'one', description: 'x', inputSchema: Nothing, execute: async () => 1 })
    tool.needsApprovalFn = () => false
    const { one } = guardTools(
      { one: tool },
      { guard: target.guard(), policies: { one: policy(Nothing, {}) }, identity: undefined },
    )
    expect(one.needsApprovalFn).toBe(tool.needsApprovalFn)
    expect((one as unknown as Record<symbol, unknown>)[MASTRA_TOOL_MARKER]).toBe(true)
    expect([one.id, Object.getPrototypeOf(one)]).toEqual(['one', Object.getPrototypeOf(tool)])
    // The schema remembers what it parsed; all else of it is there.
    expect((one.inputSchema as unknown as typeof Nothing).shape).toBe(Nothing.shape)
    expect(one.inputSchema?.['~standard']).toMatchObject({ vendor: 'zod', jsonSchema: {} })
    expect(one.execute).not.toBe(tool.execute)
    expect(createTool({ ...tool } as never).needsApprovalFn).toBeUndefined()
  })

  /** Asks a person, and has a conversation of its own with the user who resumes it. */
  const talkative = (seen: unknown[]) =>
    createTool({
      id: 'talk',
      description: 'x',
      inputSchema: z.strictObject({ a: z.number() }),
      suspendSchema: z.strictObject({ question: z.string() }),
      resumeSchema: z.strictObject({ answer: z.string() }),
      execute: async (input, { agent }) => {
        seen.push({ input, resumeData: agent?.resumeData })
        if (agent?.resumeData === undefined) {
          await agent?.suspend({ question: 'which one?' })
          return undefined
        }
        return `${subject()} said ${agent.resumeData.answer}`
      },
    })

  test("the wake-up passes the tool's resume schema and the interrupt its suspend schema, and neither reaches its code", async () => {
    const target = await world()
    const identity = await target.login()
    const guard = target.guard()
    const seen: unknown[] = []
    const A = z.strictObject({ a: z.number() })
    const tools = guardTools(
      { talk: talkative(seen) },
      { guard, policies: { talk: policy(A, { approval: { message: () => 'May it' } }) }, identity },
    )
    const talk = conversation()
    const agent = talk.agent(tools, new ScriptedModel([call('1', 'talk', { a: 1 })]))
    await agent.generate('x', { memory: talk.memory })
    expect(interruptsOf(await agent.listSuspendedRuns())).toMatchObject([{ interrupt: { message: 'May it' } }])
    expect(seen).toEqual([])
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    const { resumptions } = await resumeWhenResolved(await agent.listSuspendedRuns(), { guard, identity })
    for (const { resumeData, ...which } of resumptions) {
      await read(await agent.resumeStream(resumeData, which))
    }
    expect(seen).toEqual([{ input: { a: 1 }, resumeData: undefined }])
  })

  test('a tool that only reads may still suspend itself, and gets its own answer by its own schema', async () => {
    const target = await world()
    const identity = await target.login()
    const seen: unknown[] = []
    const A = z.strictObject({ a: z.number() })
    const tools = guardTools(
      { talk: talkative(seen) },
      { guard: target.guard(), policies: { talk: policy(A, {}) }, identity },
    )
    const talk = conversation()
    const model = new ScriptedModel([call('1', 'talk', { a: 1 })])
    const agent = talk.agent(tools, model)
    await agent.generate('x', { memory: talk.memory })
    const suspended = await agent.listSuspendedRuns()
    expect(interruptsOf(suspended)).toEqual([])
    const [run] = suspended.runs
    expect(run?.toolCalls).toMatchObject([{ suspendPayload: { question: 'which one?' } }])
    await read(await agent.resumeStream({ answer: 'this' }, { runId: run?.runId ?? '', toolCallId: '1' }))
    expect(seen).toEqual([
      { input: { a: 1 }, resumeData: undefined },
      { input: { a: 1 }, resumeData: { answer: 'this' } },
    ])
    expect(model.saw).toContain('ann said this')
  })

  test(
    verifies(
      'A13',
      'a write that suspends itself is not reported as done, and does not run again: its outcome is unknown',
    ),
    async () => {
      const target = await world()
      const seen: unknown[] = []
      const A = z.strictObject({ a: z.number() })
      const tools = guardTools(
        { talk: talkative(seen) },
        { guard: target.guard(), policies: { talk: policy(A, { effect: 'write' }) }, identity: await target.login() },
      )
      const talk = conversation()
      const model = new ScriptedModel([call('1', 'talk', { a: 1 })])
      const agent = talk.agent(tools, model)
      await agent.generate('x', { memory: talk.memory })
      const [run] = (await agent.listSuspendedRuns()).runs
      await read(await agent.resumeStream({ answer: 'this' }, { runId: run?.runId ?? '', toolCallId: '1' }))
      expect(seen).toHaveLength(1)
      expect(model.saw).toContain('This action was started before and its result is not known.')
    },
  )

  test("an answer that breaks the tool's own resume schema is refused as without the guard", async () => {
    const target = await world()
    const seen: unknown[] = []
    const A = z.strictObject({ a: z.number() })
    const tools = guardTools(
      { talk: talkative(seen) },
      { guard: target.guard(), policies: { talk: policy(A, {}) }, identity: await target.login() },
    )
    const talk = conversation()
    const agent = talk.agent(tools, new ScriptedModel([call('1', 'talk', { a: 1 })]))
    await agent.generate('x', { memory: talk.memory })
    const [run] = (await agent.listSuspendedRuns()).runs
    await read(await agent.resumeStream({ anwser: 'this' }, { runId: run?.runId ?? '', toolCallId: '1' }))
    expect(seen).toHaveLength(1)
  })

  test('a schema of the tool that changes what was parsed is refused, since Mastra parses once more before the body', async () => {
    const target = await world()
    const errors: unknown[] = []
    let ran = false
    const tool = createTool({
      id: 'pay',
      description: 'x',
      inputSchema: z.object({ amount: z.number().transform((euros) => euros * 100) }),
      execute: async () => {
        ran = true
        return 1
      },
    })
    const { pay } = guardTools(
      { pay: tool as AnyTool },
      {
        guard: target.guard(),
        policies: { pay: policy(z.object({ amount: z.number() }), {}) },
        identity: await target.login(),
        onError: (error) => errors.push(error),
      },
    )
    await expect(pay.execute?.({ amount: 50 }, {} as never)).rejects.toMatchObject({ code: 'misconfigured' })
    expect(errors.every(ConfigurationError.isInstance)).toBe(true)
    expect(ran).toBe(false)
  })
})

describe('configuration', () => {
  const refuses = (tools: object, over: object) => async () => {
    const target = await world()
    const options = { guard: target.guard(), policies, identity: undefined, ...over }
    expect(() => guardTools(tools as ReturnType<typeof makeTools>, options as never)).toThrow(ConfigurationError)
  }
  test('an unknown option', refuses(makeTools(), { threadId: 't' }))
  test('a tool that is guarded already', async () => {
    const target = await world()
    const options = { guard: target.guard(), policies, identity: undefined }
    expect(() => guardTools(guardTools(makeTools(), options), options)).toThrow('guarded already')
  })
  test('a tool without a policy', refuses(makeTools(), { policies: {} }))
  test(
    'a tool whose policy would be a property of Object',
    refuses({ constructor: makeTools().whoami }, { policies: {} }),
  )
  test('a tool without execute', refuses({ whoami: createTool({ id: 'whoami', description: 'x' }) }, {}))
  test('the tools that were passed in stay as they are', async () => {
    const target = await world()
    const tools = makeTools()
    const before = { ...tools.create_order }
    guardTools(tools, { guard: target.guard(), policies, identity: undefined })
    expect({ ...tools.create_order }).toEqual(before)
  })
})
