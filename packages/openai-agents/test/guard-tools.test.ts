import { currentIdentity, defineTool, policy, runAs } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { Agent, codeInterpreterTool, getAllMcpTools, hostedMcpTool, tool, webSearchTool } from '@openai/agents'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools, interruptsOf, toOpenAiTools } from '../src/index.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import {
  agentOf,
  approved,
  look,
  Nothing,
  optionsFor,
  policies,
  resumed,
  runner,
  threadId,
  told,
  world,
} from './world.ts'

describe('what guardTools refuses', () => {
  test.each([
    ['a hosted MCP server', hostedMcpTool({ serverLabel: 'x', serverUrl: 'https://mcp.example' })],
    ['web search', webSearchTool()],
    ['the code interpreter', codeInterpreterTool()],
  ])('%s: it runs on another server, out of reach', async (_, hosted) => {
    const { options } = await optionsFor()
    const tools = { look: hosted as unknown as AnyTool }
    expect(() => guardTools(tools, options)).toThrow(
      /guardTools\.tools\.look: is a tool of type "hosted_tool", which runs out of the guard's reach/,
    )
  })

  test('an agent as a tool: its own tools need the guard', async () => {
    const { options } = await optionsFor()
    const agent = new Agent({ name: 'x' }).asTool({ toolName: 'look', toolDescription: 'x' })
    expect(() => guardTools({ look: agent as AnyTool }, options)).toThrow('is an agent: guard the tools of that agent')
  })

  test('a tool twice, a tool under another name, and a tool whose outputSchema no refusal fits', async () => {
    const { options } = await optionsFor()
    expect(() => guardTools(guardTools({ look: look() }, options), options)).toThrow('is guarded already')
    expect(() => guardTools({ look: look({ name: 'see' }) }, options)).toThrow('is "see" for the model')
    const structured = look({ outputSchema: z.object({ a: z.string() }) })
    expect(() => guardTools({ look: structured }, options)).toThrow('has an outputSchema')
  })

  test('an unknown option, a missing policy and a missing thread', async () => {
    const { options } = await optionsFor()
    expect(() => guardTools({ look: look() }, { ...options, thread: 'x' } as never)).toThrow('guardTools.thread')
    expect(() => guardTools({ look: look() }, { ...options, policies: {} } as never)).toThrow(
      'guardTools.policies.look',
    )
    for (const none of [undefined, '']) {
      const without = { ...options, threadId: none } as never
      expect(() => guardTools({ look: look() }, without)).toThrow(/guardTools\.threadId: give the id/)
    }
  })
})

describe('a tool that does not fit, seen only when it is called', () => {
  test("needsApproval of the tool's own: the call is refused, and the app learns why", async () => {
    const { options, errors } = await optionsFor()
    const { look: one } = guardTools({ look: look({ needsApproval: true }) }, options)
    expect(await told(one)).toContain('This tool is not set up correctly.')
    expect(String(errors[0])).toContain('guardTools.tools.look.needsApproval')
  })

  test(verifies('A10', 'a schema of the tool that changes what the policy parsed: nothing runs'), async () => {
    const { target, guard, identity } = await optionsFor()
    const Amount = z.strictObject({ amount: z.number() })
    const done: number[] = []
    const errors: unknown[] = []
    const pay = tool({
      name: 'pay',
      description: 'x',
      parameters: z.strictObject({ amount: z.number().overwrite((amount) => amount * 1000) }),
      execute: async ({ amount }) => void done.push(amount),
    })
    const tools = guardTools(
      { pay },
      {
        guard,
        identity,
        threadId,
        policies: { pay: policy(Amount, { effect: 'read' }) },
        onError: (error) => void errors.push(error),
      },
    )
    expect(await told(tools.pay as AnyTool, { amount: 50 })).toContain('This tool is not set up correctly.')
    expect(String(errors[0])).toContain('guardTools.tools.pay.parameters')
    expect(done).toEqual([])
    expect(await target.orders()).toBe(0)
  })

  test('errorFunction that hides an error: the guard learns that the body threw, and the model is not told to try again', async () => {
    const { options, errors } = await optionsFor()
    const broken = look({ execute: () => Promise.reject(new Error('secret')) })
    expect(await told(guardTools({ look: broken }, options).look)).toContain('This tool failed.')
    expect(String(errors[0])).toContain('errorFunction: null')
  })

  test('errorFunction: null gives the error of the body to the app', async () => {
    const { options, errors } = await optionsFor()
    const broken = look({ execute: () => Promise.reject(new Error('secret')), errorFunction: null })
    expect(await told(guardTools({ look: broken }, options).look)).toContain('This tool failed.')
    expect(errors.map(String)).toEqual(['Error: secret'])
  })

  test('threadId that is no id: the call is refused, and the app learns why', async () => {
    const { options, errors } = await optionsFor({ threadId: () => '' })
    expect(await told(guardTools({ look: look() }, options).look)).toContain('This tool is not set up correctly.')
    expect(String(errors[0])).toContain('guardTools.threadId')
  })
})

test.each(['identity', 'threadId'])(
  'an async %s runs nothing, ends no process where it rejects, and is told to onError',
  async (option) => {
    const rejections: unknown[] = []
    const listener = (error: unknown) => void rejections.push(error)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const ran = vi.fn(async () => 'seen')
    const { options, errors } = await optionsFor()
    for (const given of [async () => 'thread-1', () => Promise.reject(new Error('the session is away'))]) {
      errors.length = 0
      await told(guardTools({ look: look({ execute: ran }) }, { ...options, [option]: given }).look)
      expect(errors.map(String)).toContainEqual(expect.stringContaining(`guardTools.${option}: returned a promise`))
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect([ran.mock.calls, rejections]).toEqual([[], []])
  },
)

describe('one agent for all requests', () => {
  test('acts for the user of the request, in the thread of the request', async () => {
    const target = await world()
    const guard = target.guard()
    const users = { ann: await target.login('ann'), bob: await target.login('bob') }
    const threads: unknown[] = []
    const tools = guardTools(
      { look: look({ execute: async () => JSON.stringify(currentIdentity()) }) },
      {
        guard,
        identity: currentIdentity,
        threadId: ({ context }) => {
          threads.push(context.threadId)
          return context.threadId
        },
        policies: { look: policy(Nothing, {}) } as never,
      },
    )
    const agent = (model: ScriptedModel) => agentOf(model, { tools: [tools.look] })
    const ask = async (user: 'ann' | 'bob') => {
      const context = { threadId: `of ${user}` }
      const run = () => runner.run(agent(new ScriptedModel([call('call-1', 'look', {})])), 'Go', { context } as never)
      return JSON.stringify((await runAs(users[user], run)).history)
    }
    const [ann, bob] = await Promise.all([ask('ann'), ask('bob')])
    expect([ann.includes('\\"subject\\":\\"ann\\"'), bob.includes('\\"subject\\":\\"bob\\"')]).toEqual([true, true])
    expect(new Set(threads)).toEqual(new Set(['of ann', 'of bob']))
    const anonymous = await runner.run(agent(new ScriptedModel([call('call-1', 'look', {})])), 'Go', {
      context: { threadId: 'of no user' },
    } as never)
    expect(interruptsOf(anonymous)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  })
})

test('the tools of a local MCP server, as getAllMcpTools makes them, are guarded like others', async () => {
  const { options } = await optionsFor()
  const called: unknown[] = []
  const inputSchema = { type: 'object', properties: {}, required: [], additionalProperties: false }
  const server = {
    name: 'local',
    cacheToolsList: false,
    connect: async () => {},
    close: async () => {},
    listTools: async () => [{ name: 'look', description: 'x', inputSchema }],
    callTool: async (...call: unknown[]) => {
      called.push(call)
      return [{ type: 'text', text: 'seen' }]
    },
    invalidateToolsCache: async () => {},
  }
  const [made] = await getAllMcpTools([server as never])
  const { look: one } = guardTools({ look: made as AnyTool }, { ...options, identity: undefined })
  const anonymous = agentOf(new ScriptedModel([call('call-1', 'look', {})]), { tools: [one] })
  expect(interruptsOf(await runner.run(anonymous, 'Go'))).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  expect(called).toEqual([])
  expect(await told(guardTools({ look: made as AnyTool }, options).look)).toContain('seen')
})

describe('toOpenAiTools', () => {
  const order = defineTool({
    name: 'buy',
    description: 'Buys shares.',
    input: z.strictObject({ quantity: z.int().positive() }),
    approval: { when: ({ input }) => input.quantity > 10, message: ({ input }) => `Buy ${input.quantity}` },
    run: ({ quantity }) => {
      if (quantity === 3) throw new Error('no threes')
      return `bought ${quantity}`
    },
  })

  test('makes tools of defined tools: they run, wait for a person, and give their errors to the app', async () => {
    const { guard, identity, target } = await optionsFor()
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const tools = () => toOpenAiTools(guard, [order], { identity, threadId, onError })
    const [one] = tools()
    expect(await told(one as AnyTool, { quantity: 5 })).toContain('bought 5')
    expect(await told(one as AnyTool, { quantity: 3 })).toContain('This tool failed.')
    expect(errors.map(String)).toEqual(['Error: no threes'])
    const agent = agentOf(new ScriptedModel([call('call-9', 'buy', { quantity: 50 })]), { tools: tools() })
    const asked = await runner.run(agent, 'Buy 50')
    expect(interruptsOf(asked)).toMatchObject([{ interrupt: { message: 'Buy 50' } }])
    await approved(target)
    const { state } = await resumed(asked.state, { guard, identity })
    expect(JSON.stringify((await runner.run(agent, state)).history)).toContain('bought 50')
  })
})

test("a timeout of the tool's own ends the call, aborts its body, and is told by the framework", async () => {
  const { options, errors } = await optionsFor()
  const signals: (AbortSignal | undefined)[] = []
  const slow = look({
    timeoutMs: 300,
    errorFunction: null,
    execute: (_: unknown, __: unknown, details: { readonly signal?: AbortSignal }) => {
      signals.push(details.signal)
      return new Promise((_, reject) => details.signal?.addEventListener('abort', () => reject(details.signal?.reason)))
    },
  })
  expect(await told(guardTools({ look: slow }, options).look)).toContain("Tool 'look' timed out after 300ms.")
  expect(signals.map((signal) => signal?.aborted)).toEqual([true])
  expect(errors).toEqual([])
})

test('the tools that were passed in are not changed, and their own members stay', async () => {
  const { options } = await optionsFor()
  const own = look({ isEnabled: false, timeoutMs: 1234 })
  const { invoke, needsApproval } = own
  const { look: one } = guardTools({ look: own }, options)
  expect([own.invoke, own.needsApproval]).toEqual([invoke, needsApproval])
  expect(one).toMatchObject({ name: 'look', parameters: own.parameters, timeoutMs: 1234, isEnabled: own.isEnabled })
  expect(Object.keys(policies)).toContain('create_order')
})
