// Code of a tool that calls a guarded tool, and hands on all, some or nothing of the configuration that it was handed.
import { verifies } from '@behalf/testing/requirements'
import { tool } from '@langchain/core/tools'
import { toolRetryMiddleware } from 'langchain'
import { expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted } from './counted-tools.ts'
import { ById, Nothing, policies, verified, world } from './world.ts'

interface Config {
  readonly context?: unknown
  readonly configurable?: unknown
  readonly toolCallId?: unknown
}

/** What LangChain's types of single tools do not agree on. */
interface Invocable {
  invoke(input: unknown, config?: unknown): Promise<unknown>
}

const ways: Readonly<Record<string, (config: Config) => Config | undefined>> = {
  all: (config) => config,
  'a copy': (config) => ({ ...config }),
  'two members': ({ context, configurable }) => ({ context, configurable }),
  'the id of its own call': ({ context, configurable, toolCallId }) => ({ context, configurable, toolCallId }),
  'the context': ({ context }) => ({ context }),
  nothing: () => undefined,
}

test.each(Object.keys(ways))(
  verifies('A12', 'two equal writes of the code of a tool are two, and no more when it begins again: it hands on %s'),
  async (way) => {
    const identity = await verified()
    const { ran, tools } = counted({ identity })
    const note = tools[1] as unknown as Invocable
    let begun = 0
    const twice = tool(
      async (_: object, config: Config) => {
        for (const amount of [1, 1]) await note.invoke({ amount }, ways[way]?.(config))
        if (++begun === 1) throw new Error('the database is away')
        return 'noted twice'
      },
      { name: 'twice', description: 'Notes twice', schema: Nothing },
    )
    const retries = toolRetryMiddleware({ maxRetries: 1, initialDelayMs: 1, jitter: false })
    await agentWith([twice], [[call('a', 'twice')]], { middleware: [retries] as never }).ask({ identity })
    expect([begun, ran]).toEqual([2, { note: 2 }])
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
