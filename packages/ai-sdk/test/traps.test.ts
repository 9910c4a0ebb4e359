import { currentIdentity, policy, publicTool } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import {
  dynamicTool,
  generateText,
  InvalidToolApprovalSignatureError,
  isStepCount,
  jsonSchema,
  MissingToolResultsError,
  type ModelMessage,
  streamText,
  type ToolSet,
  tool,
  toUIMessageStream,
} from 'ai'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { answering, call, scripted, seenBy } from './scripted-model.ts'
import { turn, user } from './turn.ts'
import { makeTools, policies, world } from './world.ts'

// What was seen to go wrong with the AI SDK, each held by a test: frameworks.md, section 1.

const Nothing = z.strictObject({})
const subject = () => {
  const identity = currentIdentity()
  return identity.kind === 'user' ? identity.subject : 'no user'
}
const approved = (saved: readonly ModelMessage[], only = (_: string) => true): ModelMessage[] => [
  ...saved,
  {
    role: 'tool',
    content: interruptsOf(saved)
      .filter(({ toolCallId }) => only(toolCallId))
      .map(({ approvalId }) => ({ type: 'tool-approval-response', approvalId, approved: true })),
  },
]

describe('wrapping', () => {
  test('a dynamic tool stays one, and its input is what the policy says', async () => {
    const target = await world()
    const seen: unknown[] = []
    const tools = {
      any: dynamicTool({
        description: 'Anything',
        inputSchema: jsonSchema({ type: 'object', properties: { portfolio: { type: 'string' } } }),
        execute: async (input) => {
          seen.push(input)
          return subject()
        },
      }),
    }
    const guarded = guardTools(tools, {
      guard: target.guard(),
      policies: { any: policy(z.strictObject({ portfolio: z.string() }), {}) },
      identity: await target.login(),
      threadId: 't',
    })
    expect(guarded.tools.any.type).toBe('dynamic')
    const model = scripted([call('1', 'any', { portfolio: 'p' }), call('2', 'any', { other: 1 })], 'ok')
    const { toolResults } = await (async () => {
      const result = await generateText({ model, prompt: 'x', ...guarded, stopWhen: isStepCount(2) })
      return result.steps[0] ?? result
    })()
    expect(toolResults).toMatchObject([{ dynamic: true, output: 'ann' }])
    expect(seen).toEqual([{ portfolio: 'p' }])
    expect(seenBy(model)).toContain('The arguments of this call are not valid for this tool.')
  })

  test('the tools of an MCP server, whose names are known when it runs, keep all that its client put on them', async () => {
    const target = await world()
    const toModelOutput = () => ({ type: 'text' as const, value: 'for the model' })
    const found: ToolSet = {
      look_up: Object.assign(
        dynamicTool({
          title: 'Look up',
          metadata: { server: 'wiki' },
          inputSchema: jsonSchema({ type: 'object', properties: {}, additionalProperties: false }),
          execute: async () => ({ content: [{ type: 'text', text: subject() }] }),
          toModelOutput,
        }),
        { _meta: { ui: 'resource' } },
      ),
    }
    const guarded = guardTools(found, {
      guard: target.guard(),
      policies: { look_up: policy(Nothing, {}) },
      identity: await target.login(),
      threadId: 't',
    })
    const { execute: _, ...rest } = found.look_up as (typeof found)[string]
    expect(guarded.tools.look_up).toMatchObject(rest)
    const model = scripted([call('1', 'look_up', {})], 'ok')
    const result = await generateText({ model, prompt: 'x', ...guarded, stopWhen: isStepCount(2) })
    expect(result.steps[0]?.toolResults[0]?.output).toEqual({ content: [{ type: 'text', text: 'ann' }] })
    expect(seenBy(model)).toContain('for the model')
  })

  test('a tool of an MCP server without a policy is not guarded silently: it is refused', async () => {
    const target = await world()
    const found: ToolSet = { look_up: dynamicTool({ inputSchema: jsonSchema({}), execute: async () => 1 }) }
    expect(() =>
      guardTools(found, { guard: target.guard(), policies: {}, identity: undefined, threadId: 't' }),
    ).toThrow('look_up')
  })
})

describe('context', () => {
  test("a tool gets its own part of toolsContext, and only that; the guard's identity comes by no context", async () => {
    const target = await world()
    const seen: unknown[] = []
    const tools = {
      one: tool({
        inputSchema: Nothing,
        contextSchema: z.object({ locale: z.string() }),
        execute: async (_, { context }) => {
          seen.push(context)
          return subject()
        },
      }),
    }
    const result = await generateText({
      model: scripted([call('1', 'one', {})]),
      prompt: 'x',
      ...guardTools(tools, {
        guard: target.guard(),
        policies: { one: policy(Nothing, {}) },
        identity: await target.login('bob'),
        threadId: 't',
      }),
      toolsContext: { one: { locale: 'de' } },
      runtimeContext: { identity: 'ann' },
    })
    expect(seen).toEqual([{ locale: 'de' }])
    expect(result.toolResults[0]?.output).toBe('bob')
  })
})

describe('approvals', () => {
  test('answering one of two requests is refused by the SDK, and resumeWhenResolved answers all or none', async () => {
    const target = await world()
    const guard = target.guard()
    const identity = await target.login()
    const step = [call('call-1', 'create_order', buy(50)), call('call-2', 'create_order', buy(20, { symbol: 'MSFT' }))]
    const { saved } = await turn({ guard, identity, model: scripted(step), messages: [user('Buy')] })
    const half = turn({
      guard,
      identity,
      model: scripted('Hm.'),
      messages: approved(saved, (id) => id === 'call-1'),
    })
    await expect(half).rejects.toSatisfy(MissingToolResultsError.isInstance)
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    expect(await resumeWhenResolved(saved, { guard, identity, threadId: 'thread-1' })).toMatchObject({ status: 'open' })
    expect(await target.orders()).toBe(0)
  })

  test('a policy that still asks does not stop an approved call: execute does', async () => {
    const target = await world()
    const guard = target.guard()
    const identity = await target.login()
    const { saved } = await turn({
      guard,
      identity,
      model: scripted([call('call-1', 'create_order', buy(50))]),
      messages: [user('Buy')],
    })
    let asked = 0
    const guarded = guardTools(makeTools(), { guard, policies, identity, threadId: 'thread-1' })
    const model = scripted('Not yet.')
    const { create_order, ...rest } = guarded.toolApproval
    await generateText({
      model,
      messages: approved(saved),
      tools: guarded.tools,
      toolApproval: {
        ...rest,
        create_order: async (input, call) => {
          const answer = await create_order(input, call)
          asked += typeof answer === 'object' && answer.type === 'user-approval' ? 1 : 0
          return answer
        },
      },
    })
    expect(asked).toBe(1)
    expect(seenBy(model)).toContain('has not answered. It was not done.')
    expect(await target.orders()).toBe(0)
  })

  test('signed requests are a second layer: with a secret, an unsigned or changed request is refused before execute', async () => {
    const target = await world()
    const guard = target.guard()
    const identity = await target.login()
    const options = {
      ...guardTools(makeTools(), { guard, policies, identity, threadId: 'thread-1' }),
      experimental_toolApprovalSecret: 'a-secret-of-the-app',
    }
    const first = await generateText({
      model: scripted([call('call-1', 'create_order', buy(50))]),
      messages: [user('Buy')],
      ...options,
    })
    const saved = JSON.parse(JSON.stringify([user('Buy'), ...first.responseMessages])) as ModelMessage[]
    expect(interruptsOf(saved)).toHaveLength(1)
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    const changed = JSON.parse(JSON.stringify(saved).replaceAll('"quantity":50', '"quantity":500')) as ModelMessage[]
    await expect(generateText({ model: scripted('Hm.'), messages: approved(changed), ...options })).rejects.toSatisfy(
      InvalidToolApprovalSignatureError.isInstance,
    )
    expect(await target.orders()).toBe(0)
    const { messages } = await resumeWhenResolved(saved, { guard, identity, threadId: 'thread-1' })
    await generateText({ model: scripted('Done.'), messages, ...options })
    expect(await target.orders()).toBe(1)
  })

  test('a subagent cannot pause: what needs a person ends as a refusal, and nothing runs', async () => {
    const target = await world()
    const guard = target.guard()
    const identity = await target.login()
    const guarded = guardTools(makeTools(), { guard, policies, identity, threadId: 'thread-1' })
    const sub = scripted([call('sub-1', 'create_order', buy(50))], 'The user has to approve it first.')
    const tools = {
      delegate: tool({
        inputSchema: z.strictObject({ task: z.string() }),
        execute: async ({ task }) => {
          const result = await generateText({
            model: sub,
            prompt: task,
            tools: guarded.tools,
            stopWhen: isStepCount(3),
          })
          return result.text
        },
      }),
    }
    const model = scripted([call('1', 'delegate', { task: 'Buy 50' })], 'ok')
    await generateText({ model, prompt: 'x', tools, stopWhen: isStepCount(2) })
    expect(seenBy(sub)).toContain('The user was asked to approve this action and has not answered.')
    expect(seenBy(model)).toContain('The user has to approve it first.')
    expect(await target.orders()).toBe(0)
  })
})

describe('errors', () => {
  test.each([false, true])(
    'a browser is sent one fixed sentence, with redactToolErrors: %s',
    async (redactToolErrors) => {
      const target = await world()
      const tools = {
        fail: tool({
          inputSchema: Nothing,
          execute: (): string => {
            throw Object.assign(new Error('secret-1', { cause: new Error('secret-2') }), { field: 'secret-3' })
          },
        }),
      }
      const guarded = guardTools(tools, {
        guard: target.guard(),
        policies: { fail: publicTool(Nothing) },
        identity: undefined,
        threadId: 't',
      })
      const result = streamText({ model: answering([[call('1', 'fail', {})]]), prompt: 'x', ...guarded })
      const chunks: unknown[] = []
      for await (const chunk of toUIMessageStream({ stream: result.stream, tools, redactToolErrors }))
        chunks.push(chunk)
      const sent = JSON.stringify(chunks)
      expect(sent).toContain('tool-output-error')
      expect(sent).not.toContain('secret')
      // Older versions redact in any case.
      if (redactToolErrors) expect(sent).not.toContain('This tool failed.')
    },
  )
})
