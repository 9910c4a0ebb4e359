// Code of a tool that calls a guarded tool, and hands on all, some or nothing of the configuration that it was handed.
import { verifies } from '@behalf/testing/requirements'
import { AIMessage } from '@langchain/core/messages'
import { RunnableLambda } from '@langchain/core/runnables'
import { tool } from '@langchain/core/tools'
import { MemorySaver, MessagesAnnotation, StateGraph } from '@langchain/langgraph'
import { ToolNode } from '@langchain/langgraph/prebuilt'
import { toolRetryMiddleware } from 'langchain'
import { describe, expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted } from './counted-tools.ts'
import { Amount, ById, Nothing, policies, verified, world } from './world.ts'

interface Config {
  readonly toolCall?: object
  readonly context?: unknown
  readonly configurable?: unknown
  readonly toolCallId?: unknown
  readonly signal?: AbortSignal
  readonly timeout?: number
}

/** What LangChain's types of single tools do not agree on. */
interface Invocable {
  invoke(input: unknown, config?: unknown): Promise<unknown>
}

const ways: Readonly<Record<string, (config: Config) => Config | undefined>> = {
  all: (config) => config,
  'a copy': (config) => ({ ...config }),
  'a copy of its own call': (config) => ({ ...config, ...(config.toolCall && { toolCall: { ...config.toolCall } }) }),
  'two members': ({ context, configurable }) => ({ context, configurable }),
  'its own call': ({ context, configurable, toolCall }) => ({ context, configurable, ...(toolCall && { toolCall }) }),
  'the id of its own call': ({ context, configurable, toolCallId }) => ({ context, configurable, toolCallId }),
  'the context': ({ context }) => ({ context }),
  'all, with a timeout of its own': (config) => ({ ...config, timeout: 5000 }),
  'all, with a signal of its own': (config) => ({ ...config, signal: AbortSignal.timeout(5000) }),
  'a signal of its own': () => ({ signal: AbortSignal.timeout(5000) }),
  nothing: () => undefined,
}

type Code = (input: object, config: Config) => Promise<string>

/** Tools whose code is in a function of its own. LangChain tells that of a Runnable less. */
const shapes: Readonly<Record<string, (code: Code) => unknown>> = {
  'a tool': (code) => tool(code, { name: 'twice', description: 'Notes twice', schema: Nothing }),
  'a Runnable as a tool': (code) =>
    RunnableLambda.from(code as never).asTool({ name: 'twice', description: 'Notes twice', schema: Nothing }),
}

/** What begins a tool again whose code threw. */
const again: Readonly<Record<string, (twice: unknown) => Promise<unknown>>> = {
  'a middleware': (twice) => {
    const retries = toolRetryMiddleware({ maxRetries: 1, initialDelayMs: 1, jitter: false })
    return agentWith([twice], [[call('a', 'twice')]], { middleware: [retries] as never }).ask()
  },
  'the retryPolicy of its node': (twice) => {
    const calls = new AIMessage({ content: '', tool_calls: [{ id: 'a', name: 'twice', args: {} }] })
    return new StateGraph(MessagesAnnotation)
      .addNode('tools', new ToolNode([twice as never], { handleToolErrors: false }), {
        retryPolicy: { maxAttempts: 2, initialInterval: 1, jitter: false },
      })
      .addEdge('__start__', 'tools')
      .compile({ checkpointer: new MemorySaver() })
      .invoke({ messages: [calls] }, { configurable: { thread_id: 'thread-1' } })
  },
}

describe.each(Object.entries(shapes))('of the code of %s', (_, made) => {
  describe.each(Object.entries(again))('that %s begins again', (_, begins) => {
    test.each(Object.keys(ways))(
      verifies('A12', 'two equal writes are two, and no more when it begins again: it hands on %s'),
      async (way) => {
        const { ran, tools } = counted({ identity: await verified() })
        const note = tools[1] as unknown as Invocable
        let begun = 0
        const twice = made(async (_, config) => {
          for (const amount of [1, 1]) await note.invoke({ amount }, ways[way]?.(config))
          if (++begun === 1) throw new Error('the database is away')
          return 'noted twice'
        })
        await begins(twice)
        expect([begun, ran]).toEqual([2, { note: 2 }])
      },
    )
  })
})

describe.each(Object.entries(again))('of code within another Runnable, that %s begins again', (_, begins) => {
  test.each(Object.keys(ways))(
    verifies('A12', 'two equal writes are two, and no more when it begins again: it hands on %s'),
    async (way) => {
      const { ran, tools } = counted({ identity: await verified() })
      const note = tools[1] as unknown as Invocable
      const noting = RunnableLambda.from((_: object, config: Config) => note.invoke({ amount: 1 }, ways[way]?.(config)))
      let begun = 0
      const code = async (_: object, config: Config) => {
        for (const _ of [1, 2]) await noting.invoke({}, ways[way]?.(config) as never)
        if (++begun === 1) throw new Error('the database is away')
        return 'noted twice'
      }
      await begins(tool(code, { name: 'twice', description: 'Notes twice', schema: Nothing }))
      expect([begun, ran]).toEqual([2, { note: 2 }])
    },
  )
})

describe.each(Object.entries(ways))(
  'the code of a tool under the name of the one that it calls, which hands on %s',
  (_, way) => {
    test(verifies('A12', 'makes two equal writes'), async () => {
      const { ran, tools } = counted({ identity: await verified() })
      const note = tools[1] as unknown as Invocable
      const code = async (input: object, config: Config) => {
        for (const _ of [1, 2]) await note.invoke(input, way(config))
        return 'noted twice'
      }
      const twice = tool(code, { name: 'note', description: 'Notes twice', schema: Amount })
      await agentWith([twice], [[call('a', 'note', { amount: 1 })]]).ask()
      expect(ran).toEqual({ note: 2 })
    })

    test('does not go on as if it had a result where its call is refused', async () => {
      const identity = await verified()
      const went: string[] = []
      const read = tool(({ id }) => `text of ${id}`, { name: 'read', description: 'Reads', schema: ById })
      const [guarded] = guardTools([read], { guard: world().guard(), policies, identity })
      const code = async (input: object, config: Config) => {
        await (guarded as unknown as Invocable).invoke(input, way(config))
        went.push('shipped')
        return 'shipped'
      }
      const ship = tool(code, { name: 'read', description: 'Ships', schema: ById })
      await agentWith([ship], [[call('a', 'read', { id: 'closed' })]])
        .ask()
        .catch(() => {})
      expect(went).toEqual([])
    })
  },
)

test.each(Object.keys(ways))(
  'code whose call is refused does not go on as if it had a result: it hands on %s',
  async (way) => {
    const identity = await verified()
    const went: string[] = []
    const read = tool(({ id }) => `text of ${id}`, { name: 'read', description: 'Reads', schema: ById })
    const [guarded] = guardTools([read], { guard: world().guard(), policies, identity })
    const ship = tool(
      async (_: object, config: Config) => {
        await (guarded as unknown as Invocable).invoke({ id: 'closed' }, ways[way]?.(config))
        went.push('shipped')
        return 'shipped'
      },
      { name: 'ship', description: 'Ships', schema: Nothing },
    )
    await agentWith([ship], [[call('a', 'ship')]])
      .ask({ identity })
      .catch(() => {})
    expect(went).toEqual([])
  },
)
