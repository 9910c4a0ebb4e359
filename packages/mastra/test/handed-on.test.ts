// Code that is not guarded, calls a guarded tool, and hands on all, a copy or parts of the context that it was handed.
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { Agent } from '@mastra/core/agent'
import { createDurableAgent, createEventedAgent } from '@mastra/core/agent/durable'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { createTool, type ToolExecutionContext } from '@mastra/core/tools'
import { makeCoreTool } from '@mastra/core/utils'
import { LibSQLStore } from '@mastra/libsql'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools, interruptsOf } from '../src/index.ts'
import { conversation } from './conversation.ts'
import { countedTools } from './counted-tools.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Amount = z.strictObject({ amount: z.number() })

type Context = ToolExecutionContext

const ways: Readonly<Record<string, (context: Context) => object>> = {
  all: (context) => context,
  'a copy': (context) => ({ ...context, agent: { ...context.agent } }),
  'the agent and the run': ({ agent, ...context }) => ({ agent, runId: Reflect.get(context, 'runId') }),
  'the agent': ({ agent }) => ({ agent }),
}

test.each(Object.keys(ways))(
  verifies('A3', 'code whose call waits for a person does not go on without a result: it hands on %s'),
  async (way) => {
    const target = await world()
    const pay = createTool({ id: 'pay', description: 'Pays', inputSchema: Amount, execute: async () => 'paid' })
    const policies = { pay: policy(Amount, { approval: { message: () => 'Pay' } }) }
    const guarded = guardTools({ pay }, { guard: target.guard(), policies, identity: await target.login() })
    const went: string[] = []
    const ship = createTool({
      id: 'ship',
      description: 'Pays and ships',
      inputSchema: Amount,
      async execute(input, context) {
        await guarded.pay.execute?.(input, ways[way]?.(context) as never)
        went.push('shipped')
        return 'shipped'
      },
    })
    const talk = conversation()
    const tools: Record<string, AnyTool> = { ...guarded, ship }
    const agent = talk.agent(tools, new ScriptedModel([call('1', 'ship', { amount: 1 })]))
    await agent.generate('Ship', { memory: talk.memory })
    expect(went).toEqual([])
    expect(interruptsOf(await agent.listSuspendedRuns({ threadId: talk.memory.thread })).length).toBeLessThan(2)
  },
)

/** An agent of each kind. */
const kinds: Readonly<Record<string, (agent: Agent) => unknown>> = {
  'an agent': (agent) => agent,
  'a durable agent': (agent) => createDurableAgent({ agent }),
  'an evented agent': (agent) => createEventedAgent({ agent }),
}

/** Code that Mastra tells no run, so that a write would be another one when it begins again. */
const codes: Readonly<Record<string, (code: (input: unknown, context: unknown) => Promise<string>) => object>> = {
  'a tool of the AI SDK': (execute) => ({ tools: { ship: { description: 'Ships', inputSchema: Amount, execute } } }),
  'a hook': (code) => ({
    tools: { ship: createTool({ id: 'ship', description: 'Ships', inputSchema: Amount, execute: async () => '' }) },
    hooks: { beforeToolCall: ({ context }: { readonly context: unknown }) => code({ amount: 1 }, context) },
  }),
}

describe.each(Object.entries(kinds))('in %s', (_, make) => {
  test.each(Object.entries(codes))(
    verifies('A3', 'the code of %s writes nothing by guarded tools, and does not go on without a result'),
    async (_, over) => {
      const { tools, ran, errors } = await countedTools()
      const went: string[] = []
      const code = async (input: unknown, context: unknown) => {
        for (const tool of [tools.pay, tools.note]) {
          try {
            await tool.execute?.(input as never, context as never)
            went.push('shipped')
          } catch {}
        }
        return ''
      }
      const model = new ScriptedModel([call('1', 'ship', { amount: 1 })]) as unknown as MastraModelConfig
      const trader = make(new Agent({ id: 'trader', name: 'trader', instructions: 'x', model, ...over(code) }))
      const storage = new LibSQLStore({ id: 'storage', url: ':memory:' })
      const mastra = new Mastra({ agents: { trader: trader as never }, storage, logger: false })
      onTestFinished(() => mastra.stopWorkers())
      await (trader as Agent).generate('Ship', { memory: { thread: 'thread-1', resource: 'ann' } })
      expect([ran, went]).toEqual([[], []])
      expect(errors).toMatchObject([{ code: 'ERR_CONFIGURATION' }, { code: 'ERR_CONFIGURATION' }])
    },
  )
})

/** How others than agents and workflows call a tool that Mastra made ready for them. */
const callers: Readonly<Record<string, readonly [made: object, called: object]>> = {
  'an MCP server': [{}, { toolCallId: '', messages: [], mcp: { extra: {} } }],
  'a voice': [
    { agentName: 'trader', agentId: 'trader' },
    { toolCallId: 'one', messages: [] },
  ],
}

test.each(Object.entries(callers))(
  verifies('A3', 'a call by %s, which nothing can resume, says that it waits in place of a result, and others run'),
  async (_, [made, called]) => {
    const { tools } = await countedTools()
    const logger = { debug() {}, trackException() {} }
    const execute = (name: 'pay' | 'note') =>
      makeCoreTool(tools[name] as never, { name, logger, ...made } as never).execute?.({ amount: 1 }, called as never)
    await expect(execute('pay')).rejects.toMatchObject({ cause: { code: 'approval_pending' } })
    expect(await execute('note')).toBe('note 1')
  },
)

/** Code may tell its own progress. */
const writers: Readonly<Record<string, (context: Context) => unknown>> = {
  'a writer of its own': () => ({ write: async () => {}, custom: async () => {} }),
  'an object made of the writer': ({ writer }) => Object.create(writer ?? null),
  'a copy of the writer': ({ writer }) => ({ ...writer }),
}

test.each(Object.entries(writers))(
  verifies('A12', 'two equal writes of code are two in each turn: it hands on all, with %s'),
  async (_, writer) => {
    const { tools, ran } = await countedTools()
    const twice = createTool({
      id: 'twice',
      description: 'Notes twice',
      inputSchema: Amount,
      async execute(input, context) {
        for (const _ of [1, 2]) await tools.note.execute?.(input, { ...context, writer: writer(context) } as never)
        return 'noted'
      },
    })
    const talk = conversation()
    for (const turn of ['One', 'Two']) {
      const agent = talk.agent({ twice }, new ScriptedModel([call('call_0', 'twice', { amount: 1 })]))
      await agent.generate(turn, { memory: talk.memory })
    }
    expect(ran).toEqual(Array(4).fill('note 1'))
  },
)

/** Without its run, a call would be that of an earlier turn; without its writer, the one before it in the same code. */
const parts: Readonly<Record<string, (context: Context) => object>> = {
  'the agent': ({ agent }) => ({ agent }),
  'a copy without the writer': ({ writer: _, ...context }) => ({ ...context, agent: { ...context.agent } }),
}

test.each(Object.keys(parts))(
  verifies(
    'A12',
    'a write of code that hands on a part, which tells it from no other, is refused and never told as done: %s',
  ),
  async (way) => {
    const { tools, ran, errors } = await countedTools()
    const told: unknown[] = []
    const twice = createTool({
      id: 'twice',
      description: 'Notes twice',
      inputSchema: Amount,
      async execute(input, context) {
        for (const _ of [1, 2]) {
          const ended = tools.note.execute?.(input, parts[way]?.(context) as never)
          told.push(await ended?.catch((error: { readonly code: string }) => error.code))
        }
        return 'noted'
      },
    })
    const talk = conversation()
    for (const turn of ['One', 'Two']) {
      const agent = talk.agent({ twice }, new ScriptedModel([call('call_0', 'twice', { amount: 1 })]))
      await agent.generate(turn, { memory: talk.memory })
    }
    expect([ran, told]).toEqual([[], Array(4).fill('misconfigured')])
    expect(errors).toMatchObject(Array(4).fill({ code: 'ERR_CONFIGURATION' }))
  },
)
