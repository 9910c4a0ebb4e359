import { ConfigurationError, type Guard, policy, publicTool } from '@behalf/core'
import { ToolMessage } from '@langchain/core/messages'
import { DynamicStructuredTool, DynamicTool, StructuredTool, tool } from '@langchain/core/tools'
import { Command } from '@langchain/langgraph'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { Amount, ById, Nothing, policies, verified, world } from './world.ts'

const NOT_PERMITTED = 'This action is not permitted.'
const message = { type: 'tool_call', id: 'x' } as const

describe('a guarded tool', () => {
  test('keeps class, schema and name; the tool that was passed in stays as it is', async () => {
    const original = tool(({ amount }) => `${amount}`, { name: 'note', description: 'Notes', schema: Amount })
    const { func } = original
    const [guarded] = guardTools([original], { guard: world().guard(), policies })
    expect(guarded).toBeInstanceOf(DynamicStructuredTool)
    expect(guarded).not.toBe(original)
    expect(guarded.schema).toBe(original.schema)
    expect([guarded.name, guarded.description]).toEqual(['note', 'Notes'])
    expect(original.func).toBe(func)
    expect(await original.invoke({ amount: 1 })).toBe('1')
    await expect(guarded.invoke({ amount: 1 })).rejects.toMatchObject({ code: 'login_required' })
  })

  test('has no way around the guard: func, _call and call are guarded as invoke is', async () => {
    const read = tool(({ id }) => `text of ${id}`, { name: 'read', description: 'Reads', schema: ById })
    const [guarded] = guardTools([read], { guard: world().guard(), policies, identity: await verified() })
    const input = { id: 'bob-1' }
    const refused = { code: 'not_permitted' }
    await expect(guarded.func(input)).rejects.toMatchObject(refused)
    await expect(guarded.call(input)).rejects.toMatchObject(refused)
    await expect(
      (guarded as unknown as { _call(input: unknown): Promise<unknown> })._call(input),
    ).rejects.toMatchObject(refused)
    await expect(guarded.invoke(input)).rejects.toMatchObject(refused)
  })

  test('may be of an own subclass, or take a text', async () => {
    class Reader extends StructuredTool<typeof ById> {
      readonly name = 'read'
      readonly description = 'Reads'
      readonly schema = ById
      readonly #shelf = 'shelf'
      protected async _call({ id }: z.infer<typeof ById>): Promise<string> {
        return `${id} of ${this.#shelf}`
      }
    }
    const echo = new DynamicTool({ name: 'echo', description: 'Echoes', func: async (text) => text })
    const tools = guardTools([new Reader(), echo], {
      guard: world().guard(),
      policies: { ...policies, echo: publicTool(z.string()) },
      identity: await verified(),
    })
    expect(tools[0]).toBeInstanceOf(Reader)
    expect(await tools[0].invoke({ id: 'ann-1' })).toBe('ann-1 of shelf')
    await expect(tools[0].invoke({ id: 'bob-1' })).rejects.toMatchObject({ code: 'not_permitted' })
    expect(await tools[1].invoke('hello')).toBe('hello')
  })

  test('may answer with content and artifact, and is refused in the same form', async () => {
    const read = tool(async ({ id }) => [`text of ${id}`, { pages: 3 }], {
      name: 'read',
      description: 'Reads',
      schema: ById,
      responseFormat: 'content_and_artifact',
    })
    const [guarded] = guardTools([read], { guard: world().guard(), policies, identity: await verified() })
    const done = await guarded.invoke({ ...message, name: 'read', args: { id: 'ann-1' } })
    expect(done).toMatchObject({ content: 'text of ann-1', artifact: { pages: 3 }, status: 'success' })
    const refused = await guarded.invoke({ ...message, name: 'read', args: { id: 'bob-1' } })
    expect(refused).toMatchObject({ content: NOT_PERMITTED, tool_call_id: 'x', status: 'error' })
  })

  test('may steer the graph with a Command', async () => {
    const look = tool(
      (_, { toolCallId }: { readonly toolCallId: string }) =>
        new Command({ update: { messages: [new ToolMessage({ content: 'steered', tool_call_id: toolCallId })] } }),
      { name: 'look', description: 'Looks', schema: Nothing },
    )
    const tools = guardTools([look], { guard: world().guard(), policies })
    const { messages } = await agentWith(tools, [[call('a', 'look')]]).ask({ identity: await verified() })
    expect(messages.map(({ text }) => text)).toContain('steered')
  })

  test('that is aborted rejects with the reason, and the app is told of no error', async () => {
    const errors: unknown[] = []
    const controller = new AbortController()
    const look = tool(
      () => {
        controller.abort(new DOMException('enough', 'AbortError'))
        throw new Error('secret')
      },
      { name: 'look', description: 'Looks', schema: Nothing },
    )
    const identity = await verified()
    const onError = (error: unknown) => errors.push(error)
    const [guarded] = guardTools([look], { guard: world().guard(), policies, identity, onError })
    const thrown = await guarded.invoke({}, { signal: controller.signal }).catch((error: unknown) => error)
    expect(thrown).toBe(controller.signal.reason)
    expect(errors).toEqual([])
  })

  test('whose guard fails before it has looked at anything tells the model nothing of it', async () => {
    const broken = () => {
      throw new Error('why the clock fails')
    }
    const errors: unknown[] = []
    const look = tool(() => 'looked', { name: 'look', description: 'Looks', schema: Nothing })
    const onError = (error: unknown) => errors.push(error)
    const [guarded] = guardTools([look], {
      guard: world().guard({ clock: { now: broken } as never }),
      policies,
      onError,
    })
    const answer = await guarded.invoke({ ...message, name: 'look', args: {} })
    expect(ToolMessage.isInstance(answer) && answer.content).toMatch(/^This tool failed/)
    expect(errors).toMatchObject([{ message: 'why the clock fails' }])
  })

  test('hands the body the parsed input, frozen', async () => {
    let seen: unknown
    const look = tool(
      (input) => {
        seen = input
      },
      { name: 'see', description: 'Sees', schema: Amount },
    )
    const [guarded] = guardTools([look], { guard: world().guard(), policies: { see: publicTool(Amount) } })
    await guarded.invoke({ amount: 1 })
    expect(seen).toEqual({ amount: 1 })
    expect(Object.isFrozen(seen)).toBe(true)
  })
})

describe('a generator', () => {
  const watch = (fails: boolean) =>
    tool(
      async function* () {
        yield { tick: 1 }
        await Promise.resolve()
        if (fails) throw new Error('secret')
        yield { tick: 2 }
        return 'watched'
      },
      { name: 'look', description: 'Watches', schema: Nothing },
    )

  const streamed = async (fails: boolean, onError: (error: unknown) => void = () => {}) => {
    const tools = guardTools([watch(fails)], { guard: world().guard(), policies, onError })
    const run = agentWith(tools, [[call('a', 'look')]])
    const chunks: unknown[] = []
    const stream = await run.agent.stream(
      { messages: [{ role: 'user', content: 'Go' }] },
      { ...run.thread, context: { identity: await verified() }, streamMode: ['tools', 'values'] },
    )
    for await (const chunk of stream) chunks.push(chunk)
    return JSON.stringify(chunks)
  }

  test('streams its events, and its return value is the output', async () => {
    const text = await streamed(false)
    expect(text).toMatch(/"tick":1.*"tick":2.*watched/)
  })

  test('that throws in mid-stream tells the model the fixed sentence, and the app what it was', async () => {
    const errors: unknown[] = []
    const text = await streamed(true, (error) => errors.push(error))
    expect(text).toContain('"tick":1')
    expect(text).toContain('This tool failed. What it did before it failed is not known.')
    expect(text).not.toContain('secret')
    expect(errors.map(String)).toEqual(['Error: secret'])
  })
})

describe('what a body throws', () => {
  const secret = 'postgres://admin:secret@db'
  const thrown: Readonly<Record<string, unknown>> = {
    'an error': new Error(secret, { cause: new Error(secret) }),
    'an error with a telling name': Object.assign(new Error('x'), { name: secret }),
    'an object': { secret },
    'a text': secret,
    nothing: undefined,
    null: null,
  }
  for (const [name, value] of Object.entries(thrown)) {
    test(`${name}: the app gets it, the model does not, also where the app's handler throws`, async () => {
      const errors: unknown[] = []
      const look = tool(
        () => {
          throw value
        },
        { name: 'look', description: 'Fails', schema: Nothing },
      )
      const onError = (error: unknown) => {
        errors.push(error)
        throw new Error(secret)
      }
      const tools = guardTools([look], { guard: world().guard(), policies, onError })
      const run = agentWith(tools, [[call('a', 'look')]])
      await run.ask({ identity: await verified() })
      expect(errors).toEqual([value])
      expect(run.model.saw).toContain('This tool failed.')
      expect(run.model.saw).not.toContain('secret')
    })
  }
})

describe('configuration', () => {
  const note = tool(() => 'x', { name: 'note', description: 'Notes', schema: Amount })
  const guard: Guard = world().guard()
  const refuses = (tools: readonly unknown[], over: object) => () => {
    expect(() => guardTools(tools as [typeof note], { guard, policies, ...over } as never)).toThrow(ConfigurationError)
  }
  test('an unknown option', refuses([note], { identiy: undefined }))
  test('no guard', refuses([note], { guard: undefined }))
  test('a tool without a policy', refuses([note], { policies: {} }))
  test(
    'a tool whose policy would be a property of Object',
    refuses([tool(() => 'x', { name: 'constructor', description: 'x', schema: Nothing })], {}),
  )
  test('the same name twice', refuses([note, note], {}))
  test('a tool that runs elsewhere', refuses([{ name: 'note', type: 'web_search', description: 'x' }], {}))
  test('an object that no policy() made is refused where the tool is guarded', () => {
    expect(() => guardTools([note], { guard, policies: { note: {} } as never })).toThrow('note: has no policy')
  })
  test('a policy for another identity kind is not needed for a public tool', async () => {
    const [guarded] = guardTools([note], { guard, policies: { note: policy(Amount, {}) } })
    await expect(guarded.invoke({ amount: 1 })).rejects.toMatchObject({ code: 'login_required' })
  })
})
