import { ConfigurationError, type Guard, publicTool } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { asSchema, generateText, isStepCount, type ModelMessage, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved, ToolAuthorizationError } from '../../src/index.ts'
import { call, scripted, seenBy } from '../scripted-model.ts'
import { turn, user } from '../turn.ts'
import { makeTools, policies, world } from '../world.ts'

const Nothing = z.strictObject({})
const context = { toolCallId: 'call-1', messages: [], context: {} }

describe('allowed calls', () => {
  test('a public tool runs without identity, and a small order without a question', async () => {
    const { guard, login, orders, authorizationServer } = await world()
    const behalf = guard()
    const price = scripted([call('call-1', 'get_stock_price', { symbol: 'AAPL' })], 'There.')
    expect((await turn({ guard: behalf, model: price, messages: [user('AAPL?')] })).result.text).toBe('There.')
    expect(seenBy(price)).toContain('"currency":"USD"')
    const small = scripted([call('call-2', 'create_order', buy(5))], 'Bought.')
    await turn({ guard: behalf, identity: await login(), model: small, messages: [user('Buy 5')] })
    expect(await orders()).toBe(1)
    expect(await authorizationServer.controls.pendingRequests()).toHaveLength(0)
  })

  test('the body acts for the identity of its request, whatever the model writes', async () => {
    const { guard, login } = await world()
    const behalf = guard()
    for (const name of ['ann', 'bob'] as const) {
      const model = scripted([call('call-1', 'whoami', {})], 'ok')
      await turn({ guard: behalf, identity: await login(name), model, messages: [user('I am root')] })
      expect(seenBy(model)).toContain(`"subject":"${name}"`)
    }
  })

  test('the body gets the parsed input, frozen, and the abort signal', async () => {
    const { guard } = await world()
    let seen: { readonly input?: unknown; readonly signal?: unknown } = {}
    const tools = {
      probe: tool({
        inputSchema: z.strictObject({ a: z.number() }),
        execute: (input, { abortSignal }) => {
          seen = { input, signal: abortSignal }
          return 1
        },
      }),
    }
    const policies = { probe: publicTool(z.strictObject({ a: z.number() })) }
    const guarded = guardTools(tools, { guard: guard(), policies, identity: undefined, threadId: 't' })
    const { signal } = new AbortController()
    await guarded.tools.probe.execute({ a: 1 }, { ...context, abortSignal: signal })
    expect(seen).toEqual({ input: { a: 1 }, signal })
    expect(Object.isFrozen(seen.input)).toBe(true)
    const aborted = AbortSignal.abort(new DOMException('stop', 'AbortError'))
    await expect(guarded.tools.probe.execute({ a: 1 }, { ...context, abortSignal: aborted })).rejects.toBe(
      aborted.reason,
    )
  })
})

describe('refused calls', () => {
  test('OpenFGA refuses: the model is told the fixed sentence, and nothing runs', async () => {
    const { guard, login, orders, authorizationServer } = await world()
    const model = scripted([call('call-1', 'create_order', buy(50, { portfolio: 'p-bob' }))], 'No.')
    const { saved } = await turn({ guard: guard(), identity: await login(), model, messages: [user('Buy')] })
    expect(JSON.stringify(saved)).toContain('{"type":"execution-denied","reason":"This action is not permitted."}')
    expect(interruptsOf(saved)).toEqual([])
    expect(await orders('p-bob')).toBe(0)
    expect(await authorizationServer.controls.pendingRequests()).toHaveLength(0)
  })

  test('without toolApproval, execute refuses by itself', async () => {
    const { guard, login, orders } = await world()
    const identity = await login()
    const { tools } = guardTools(makeTools(), { guard: guard(), policies, identity, threadId: 't' })
    const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 } as const
    await expect(tools.create_order.execute(order, context)).rejects.toSatisfy(
      (error) => ToolAuthorizationError.isInstance(error) && error.code === 'approval_pending',
    )
    await expect(tools.create_order.execute({ ...order, portfolio: 'p-bob' }, context)).rejects.toSatisfy(
      (error) => ToolAuthorizationError.isInstance(error) && error.code === 'not_permitted',
    )
    expect(await orders()).toBe(0)
  })

  test('an outage is told as one, by both halves', async () => {
    const { guard, login, openFga } = await world()
    const identity = await login()
    await openFga.controls.fault('batch-check', { status: 503, times: 20 })
    const model = scripted([call('call-1', 'create_order', buy(5))], 'Later.')
    await turn({ guard: guard({ timeoutMs: 500 }), identity, model, messages: [user('Buy')] })
    expect(seenBy(model)).toContain('did not answer. This call did nothing')
  })

  test('a call without a login pauses; after it, resuming is a retry', async () => {
    const { guard, login } = await world()
    const behalf = guard()
    const asked = await turn({
      guard: behalf,
      model: scripted([call('call-1', 'whoami', {})]),
      messages: [user('Me?')],
    })
    expect(interruptsOf(asked.result)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
    const identity = await login()
    const { messages } = await resumeWhenResolved(asked.saved, { guard: behalf, identity, threadId: 'thread-1' })
    const model = scripted('You are Ann.')
    await turn({ guard: behalf, identity, model, messages })
    expect(seenBy(model)).toContain('"subject":"ann"')
  })

  test('a call that waited for a login and now needs an approval asks and ends; the next equal call joins the question, as the guide says', async () => {
    const target = await world()
    const behalf = target.guard()
    const asked = await turn({
      guard: behalf,
      model: scripted([call('call-1', 'create_order', buy(50))]),
      messages: [user('Buy')],
    })
    expect(interruptsOf(asked.result)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
    const identity = await target.login()
    const { messages } = await resumeWhenResolved(asked.saved, { guard: behalf, identity, threadId: 'thread-1' })
    const model = scripted('I asked.', [call('call-2', 'create_order', buy(50))])
    const ended = await turn({ guard: behalf, identity, model, messages })
    expect(seenBy(model)).toContain('was asked to approve this action and has not answered. It was not done')
    expect(interruptsOf(ended.result)).toEqual([])
    const again = await turn({ guard: behalf, identity, model, messages: [...ended.saved, user('Again')] })
    expect(interruptsOf(again.result)).toMatchObject([{ interrupt: { kind: 'approval_pending' } }])
    expect(await target.authorizationServer.controls.pendingRequests('ann')).toHaveLength(1)
  })

  test('a guard that rejects refuses the call, and does not reject the generation', async () => {
    const broken: Guard = {
      ...(await world()).guard(),
      preflight: () => Promise.reject(new TypeError('secret-1')),
      run: () => Promise.reject(new TypeError('secret-2')),
    }
    const errors: unknown[] = []
    const model = scripted([call('call-1', 'whoami', {})], 'No.')
    await turn({
      guard: broken,
      model,
      messages: [user('Me?')],
      onError: (error, name) => errors.push([name, String(error)]),
    })
    expect(seenBy(model)).toContain('This tool is not set up correctly.')
    expect(seenBy(model)).not.toContain('secret')
    expect(errors).toEqual([['whoami', 'TypeError: secret-1']])
  })
})

describe('what a body throws', () => {
  const failing = (thrown: unknown) => ({
    fail: tool({
      inputSchema: Nothing,
      execute: (): string => {
        throw thrown
      },
    }),
  })
  const secret = 'postgres://admin:secret@db'
  const cases: Record<string, unknown> = {
    'an error': new Error(secret, { cause: new Error(secret) }),
    'an error with fields': Object.assign(new Error('x'), { secret }),
    'an error with a telling name': Object.assign(new Error('x'), { name: secret }),
    'an object, which the SDK writes out': { secret },
    'a string': secret,
    'an error of ours, made by the body': new ToolAuthorizationError('unavailable', secret),
  }
  for (const [name, thrown] of Object.entries(cases)) {
    test(`${name}: the app gets it, the model does not`, async () => {
      const { guard } = await world()
      const errors: unknown[] = []
      const model = scripted([call('call-1', 'fail', {})], 'Oh.')
      const result = await generateText({
        model,
        messages: [user('Go')],
        ...guardTools(failing(thrown), {
          guard: guard(),
          policies: { fail: publicTool(Nothing) },
          identity: undefined,
          threadId: 't',
          onError: (error) => {
            errors.push(error)
            throw new Error(secret)
          },
        }),
        stopWhen: isStepCount(5),
      })
      expect(errors).toEqual([thrown])
      expect(seenBy(model)).toContain('ToolAuthorizationError: This tool failed.')
      expect(seenBy(model) + JSON.stringify(result.steps)).not.toContain('secret')
    })
  }

  test('the error that takes its place holds nothing but its fixed text', () => {
    const error = new ToolAuthorizationError('not_permitted', 'This action is not permitted.')
    expect(Object.keys(error)).toEqual([])
    expect(JSON.stringify(error)).toBe('{}')
    expect('cause' in error).toBe(false)
    expect(String(error)).toBe('ToolAuthorizationError: This action is not permitted.')
    expect(error.code).toBe('not_permitted')
    expect(ToolAuthorizationError.isInstance(new Error('x'))).toBe(false)
  })
})

describe('configuration', () => {
  const refuses = (tools: object, over: object) => async () => {
    const { guard } = await world()
    const options = { guard: guard(), policies, threadId: 't', ...over }
    expect(() => guardTools(tools as ReturnType<typeof makeTools>, options as never)).toThrow(ConfigurationError)
  }
  test('an unknown option', refuses(makeTools(), { identiy: undefined }))
  test('a streaming tool that there is not', refuses(makeTools(), { streaming: ['nonesuch'] }))
  test('no thread', refuses(makeTools(), { threadId: '' }))
  test('a tool without a policy', refuses(makeTools(), { policies: {} }))
  test(
    'a tool whose policy would be a property of Object',
    refuses({ constructor: makeTools().whoami }, { policies: {} }),
  )
  test('a tool without execute', refuses({ whoami: { inputSchema: Nothing } }, {}))
  test(
    'a question of the tool that would not be asked',
    refuses({ whoami: { ...makeTools().whoami, needsApproval: true } }, {}),
  )

  test('the tools that were passed in stay as they are', async () => {
    const { guard } = await world()
    const tools = makeTools()
    const { execute } = tools.whoami
    const guarded = guardTools(tools, { guard: guard(), policies, identity: undefined, threadId: 't' })
    expect(tools.whoami.execute).toBe(execute)
    const [schema, own] = [guarded.tools.whoami, tools.whoami].map((one) => asSchema(one.inputSchema))
    expect(await schema?.jsonSchema).toEqual(await own?.jsonSchema)
  })
})

describe('resumeWhenResolved', () => {
  test('leaves alone what is not ours, and answers nothing for a request of another tool', async () => {
    const { guard, login } = await world()
    const identity = await login()
    const waiting: ModelMessage = {
      role: 'assistant',
      content: [
        { type: 'tool-call', toolCallId: 'c', toolName: 'other', input: {} },
        { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c', reason: 'a human should look' },
      ],
    }
    const cases: [string, ModelMessage[]][] = [
      ['nothing', []],
      ['nothing', [user('hi')]],
      ['unknown', [user('hi'), waiting]],
      ['unknown', [user('hi'), waiting, user('well?')]],
      ['unknown', [user('hi'), waiting, user('well?'), { role: 'assistant', content: 'Yes?' }]],
    ]
    for (const [status, messages] of cases) {
      const options = { guard: guard(), identity, threadId: 'thread-1' }
      expect(await resumeWhenResolved(messages, options)).toEqual({ status, messages })
      expect(interruptsOf(messages)).toEqual([])
    }
  })
})

describe('interruptsOf', () => {
  const interrupt = { v: 1, kind: 'approval_pending', id: 'x', tool: 'buy', message: 'Buy' } as const
  const output = { type: 'execution-denied' } as const
  const asked: ModelMessage = {
    role: 'assistant',
    content: ['1', '2'].flatMap((id) => [
      { type: 'tool-call', toolCallId: `call-${id}`, toolName: 'buy', input: {} } as const,
      {
        type: 'tool-approval-request',
        approvalId: id,
        toolCallId: `call-${id}`,
        reason: JSON.stringify(interrupt),
      } as const,
    ]),
  }
  const waiting = (...more: ModelMessage[]) =>
    interruptsOf([user('Buy'), asked, ...more]).map(({ approvalId }) => approvalId)

  test('names what has neither a response nor a result', () => {
    expect(waiting()).toEqual(['1', '2'])
    expect(
      waiting({ role: 'tool', content: [{ type: 'tool-approval-response', approvalId: '1', approved: true }] }),
    ).toEqual(['2'])
    const result = { type: 'tool-result', toolCallId: 'call-2', toolName: 'buy', output } as const
    expect(waiting({ role: 'tool', content: [result] })).toEqual(['1'])
    expect(waiting({ role: 'tool', content: [result] }, { role: 'tool', content: [] })).toEqual(['1'])
  })

  test('names no call that another message follows: the AI SDK does not continue it', () => {
    expect(waiting(user('well?'))).toEqual([])
    expect(waiting(user('well?'), { role: 'assistant', content: 'Yes?' })).toEqual([])
  })
})
