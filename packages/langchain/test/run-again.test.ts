// What LangGraph runs again under other names, so that no guard can tell it from another call: the guide says so, and what
// to do in its place.
import { type AIMessage, HumanMessage } from '@langchain/core/messages'
import {
  Annotation,
  Command,
  entrypoint,
  getConfig,
  MemorySaver,
  MessagesAnnotation,
  StateGraph,
  task,
} from '@langchain/langgraph'
import { createAgent, createMiddleware, modelRetryMiddleware } from 'langchain'
import { describe, expect, test } from 'vitest'
import { resumeWhenResolved } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted, toolTexts } from './counted-tools.ts'
import { ScriptedModel } from './scripted-model.ts'
import { verified, world } from './world.ts'

const retryPolicy = { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false, retryOn: () => true }
const State = Annotation.Root({ done: Annotation<string> })

/** What LangChain's types of single tools do not agree on. */
interface Invocable {
  invoke(call: unknown, config: unknown): Promise<unknown>
}

const forms = {
  'by arguments alone': { amount: 1 },
  'with an id of its own': { type: 'tool_call', id: 'note-1', name: 'note', args: { amount: 1 } },
} as const

const threadOf = async () => ({ configurable: { thread_id: 'thread-1' }, context: { identity: await verified() } })

describe.each([
  ['by arguments alone', 'runs each time, as the guide warns', 3],
  ['with an id of its own', 'runs once', 1],
] as const)('a write %s', (form, title, times) => {
  test(`${title}, in a graph that is a node with a retryPolicy`, async () => {
    const { ran, tools } = counted()
    const note = tools[1] as unknown as Invocable
    let tries = 0
    const inner = new StateGraph(State)
      .addNode('write', async (_, config) => {
        await note.invoke(forms[form], config)
        return { done: 'written' }
      })
      .addNode('fail', async () => {
        if (++tries < 3) throw new Error('the database is away')
        return { done: 'all' }
      })
      .addEdge('__start__', 'write')
      .addEdge('write', 'fail')
      .compile()
    const outer = new StateGraph(State)
      .addNode('inner', inner, { retryPolicy })
      .addEdge('__start__', 'inner')
      .compile({ checkpointer: new MemorySaver() })
    expect(await outer.invoke({ done: '' }, await threadOf())).toEqual({ done: 'all' })
    expect(ran).toEqual({ note: times })
  })

  test(`${title}, where the node's errorHandler goes back to it`, async () => {
    const { ran, tools } = counted()
    const note = tools[1] as unknown as Invocable
    let tries = 0
    const graph = new StateGraph(State)
      .addNode(
        'write',
        async (_, config) => {
          await note.invoke(forms[form], config)
          if (++tries < 3) throw new Error('the database is away')
          return { done: 'all' }
        },
        { errorHandler: () => new Command({ goto: 'write' }), ends: ['write'] },
      )
      .addEdge('__start__', 'write')
      .compile({ checkpointer: new MemorySaver() })
    expect(await graph.invoke({ done: '' }, await threadOf())).toEqual({ done: 'all' })
    expect(ran).toEqual({ note: times })
  })

  test(`${form === 'by arguments alone' ? 'runs twice, as the guide warns' : title}, in a graph without a checkpointer before a pause`, async () => {
    const { guard, answer, pass } = world()
    const { ran, tools } = counted({}, guard())
    const [pay, note] = tools as unknown as readonly [Invocable, Invocable]
    const inner = new StateGraph(State)
      .addNode('write', async (_, config) => {
        await note.invoke(forms[form], config)
        return { done: 'written' }
      })
      .addEdge('__start__', 'write')
      .compile({ checkpointer: false })
    const outer = new StateGraph(State)
      .addNode('own', async (state, config) => {
        await inner.invoke(state, config)
        await pay.invoke({ amount: 2 }, config)
        return { done: 'all' }
      })
      .addEdge('__start__', 'own')
      .compile({ checkpointer: new MemorySaver() })
    const config = await threadOf()
    await outer.invoke({ done: '' }, config)
    answer('approved')
    pass()
    const { identity } = config.context
    const { command } = await resumeWhenResolved(await outer.getState(config), { guard: guard(), identity })
    await outer.invoke(command as never, config)
    expect(ran).toEqual({ note: Math.min(times, 2), pay: 1 })
  })
})

describe('an agent whose model fails after a write', () => {
  const failsOnce = () => {
    let asked = 0
    return createMiddleware({
      name: 'fails',
      wrapModelCall: async (request, handler) => {
        if (++asked === 2) throw new Error('the model is away')
        return handler(request)
      },
    })
  }

  /** An agent as a node. Its model calls again, under another id, where it does not see the first result. */
  async function graphOf(of: 'the node' | 'the model') {
    const { ran, tools } = counted()
    const retries = modelRetryMiddleware({ initialDelayMs: 1 }) as never
    const { graph } = createAgent({
      model: new ScriptedModel([
        [call('a', 'note', { amount: 1 })],
        ...(of === 'the node' ? [[call('b', 'note', { amount: 1 })]] : []),
      ]),
      tools: [...tools],
      middleware: of === 'the node' ? [failsOnce()] : [retries, failsOnce()],
    })
    const outer = new StateGraph(MessagesAnnotation)
      .addNode('agent', graph as never, of === 'the node' ? { retryPolicy } : {})
      .addEdge('__start__', 'agent')
      .compile({ checkpointer: new MemorySaver() })
    const { messages } = await outer.invoke({ messages: [new HumanMessage('Go')] }, await threadOf())
    return { ran, texts: toolTexts(messages as AIMessage[]) }
  }

  test('writes once where the model is asked again', async () => {
    expect(await graphOf('the model')).toEqual({ ran: { note: 1 }, texts: ['noted 1'] })
  })

  test('writes again where its node runs again, as the guide warns', async () => {
    expect(await graphOf('the node')).toEqual({ ran: { note: 2 }, texts: ['noted 1'] })
  })
})

test('a write runs again where a handler with raiseError throws after it, as the guide warns', async () => {
  const { ran, tools } = counted()
  const run = agentWith(tools, [[call('a', 'note', { amount: 1 })], [call('b', 'note', { amount: 1 })]])
  const fails = {
    raiseError: true,
    awaitHandlers: true,
    handleToolEnd() {
      throw new Error('the handler is away')
    },
  }
  const options = { ...(await threadOf()), callbacks: [fails] }
  const { messages } = await run.agent.invoke({ messages: [{ role: 'user', content: 'Go' }] }, options)
  expect(toolTexts(messages)[0]).toContain('the handler is away')
  expect(ran).toEqual({ note: 2 })
})

test('a task with a cachePolicy gives one user what it gave another, as the guide warns', async () => {
  const { ran, tools } = counted()
  const look = tools[2] as unknown as Invocable
  const cached = task({ name: 'cached', cachePolicy: { ttl: 60 } }, () => look.invoke({}, getConfig()))
  const flow = entrypoint({ name: 'flow', checkpointer: new MemorySaver(), cache: mapCache() }, () => cached())
  for (const subject of ['ann', 'bob']) {
    const config = { configurable: { thread_id: subject }, context: { identity: await verified(subject) } }
    expect(await flow.invoke({}, config)).toBe('looked')
  }
  expect(ran).toEqual({ look: 1 })
})

/** A cache of LangGraph, in memory. */
function mapCache() {
  type Key = readonly [readonly string[], string]
  const kept = new Map<string, unknown>()
  const cache = {
    get: async (keys: readonly Key[]) =>
      keys.flatMap((key) => (kept.has(JSON.stringify(key)) ? [{ key, value: kept.get(JSON.stringify(key)) }] : [])),
    set: async (pairs: readonly { readonly key: Key; readonly value: unknown }[]) => {
      for (const { key, value } of pairs) kept.set(JSON.stringify(key), value)
    },
  }
  return cache as never
}
