// Whatever a tool is made of, its code runs behind the guard, as it would run without it.
import { currentIdentity, type Identity, policy } from '@behalf/core'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { createTool, MASTRA_TOOL_MARKER, Tool } from '@mastra/core/tools'
import { createStep, createWorkflow } from '@mastra/core/workflows'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type AnyTool, guardTools } from '../src/index.ts'
import { read } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const Nothing = z.strictObject({})
const described = { id: 'look', description: 'Looks', inputSchema: Nothing, outputSchema: z.unknown() }

/** Says who acts. A body that is a method is given what it is a method of. */
type Note = (self?: unknown) => Promise<string>

/** Where a body stands. */
const shapes: Readonly<Record<string, (note: Note) => unknown>> = {
  'createTool()': (note) => createTool({ ...described, execute: () => note() }),
  'new Tool()': (note) => new Tool({ ...described, execute: () => note() }),
  'a subclass': (note) => new (class extends Tool {})({ ...described, execute: () => note() }),
  'a subclass with execute as a method': (note) => {
    class Own extends Tool<object> {}
    Object.assign(Own.prototype, {
      execute(this: unknown) {
        return note(this)
      },
    })
    const one = new Own({ ...described } as never)
    // Without this, the field of the class hides the method.
    Reflect.deleteProperty(one, 'execute')
    return one
  },
  'a subclass with execute in a field': (note) => {
    class Own extends Tool<object> {
      override execute = () => note() as never
    }
    return new Own(described as never)
  },
  'a subclass with an accessor over private fields': (note) => {
    class Own extends Tool<object> {
      readonly #note = note
      look() {
        return () => this.#note()
      }
    }
    Object.defineProperty(Own.prototype, 'execute', {
      get(this: Own) {
        return this.look()
      },
      set() {},
    })
    const one = new Own(described as never)
    Reflect.deleteProperty(one, 'execute')
    return one
  },
  'a subclass with an accessor': (note) => {
    class Own extends Tool<object> {}
    Object.defineProperty(Own.prototype, 'execute', { get: () => () => note(), set() {} })
    const one = new Own(described as never)
    Reflect.deleteProperty(one, 'execute')
    return one
  },
  'a subclass whose method reads private fields': (note) => {
    class Own extends Tool<object> {
      readonly #note = note
      look() {
        return this.#note(this)
      }
    }
    Object.assign(Own.prototype, {
      execute(this: Own) {
        return this.look()
      },
    })
    const one = new Own(described as never)
    Reflect.deleteProperty(one, 'execute')
    return one
  },
  'a proxy': (note) => new Proxy(createTool({ ...described, execute: () => note() }), {}),
  'a frozen tool': (note) => Object.freeze(createTool({ ...described, execute: () => note() })),
  'a plain object with the mark of a tool': (note) => ({
    [MASTRA_TOOL_MARKER]: true,
    ...described,
    execute(this: unknown) {
      return note(this)
    },
  }),
}

const agentWith = (tools: Record<string, AnyTool>) =>
  new Agent({
    id: 'looker',
    name: 'looker',
    instructions: 'You look.',
    model: new ScriptedModel([call('1', 'look', {})]) as unknown as MastraModelConfig,
    tools,
  })

/** All that comes to a tool's body. */
const ways: Readonly<Record<string, (tool: AnyTool) => unknown>> = {
  execute: (tool) => tool.execute?.({}, {} as never),
  'execute, taken off': (tool) => {
    const { execute } = tool
    return execute?.({}, {} as never)
  },
  'agent.generate': (look) => agentWith({ look }).generate('Look'),
  'agent.stream': async (look) => read(await agentWith({ look }).stream('Look')),
  'toolsets of one request': (look) => agentWith({}).generate('Look', { toolsets: { more: { look } } }),
  'a step of a workflow': async (look) => {
    const step = createStep(look as never)
    const flow = createWorkflow({ id: 'flow', inputSchema: Nothing, outputSchema: z.unknown() }).then(step as never)
    const run = await flow.commit().createRun()
    return run.start({ inputData: {} } as never)
  },
}

test('a tool of any shape runs behind the guard by every way, and as its own method', async () => {
  const target = await world()
  const guard = target.guard()
  const ann = await target.login()
  for (const [shape, make] of Object.entries(shapes)) {
    const seen: string[] = []
    const one = make(async (self = one) => {
      seen.push(`${whoActs()}, ${self === one ? 'its own' : 'lost'}`)
      return 'looked'
    }) as AnyTool
    const guarded = (identity: Identity | undefined) =>
      guardTools({ look: one }, { guard, policies: { look: policy(Nothing, {}) as never }, identity }).look
    for (const [way, run] of Object.entries(ways)) {
      // A step knows tools by their class.
      if (way === 'a step of a workflow' && !(one instanceof Tool)) continue
      await Promise.resolve()
        .then(() => run(guarded(undefined)))
        .catch(() => {})
      expect([shape, way, seen]).toEqual([shape, way, []])
      await run(guarded(ann))
      expect([shape, way, seen.splice(0)]).toEqual([shape, way, ['ann, its own']])
    }
  }
})

test("a tool of the AI SDK is refused: Mastra tells it nothing of its run, by which another user's resume is seen", async () => {
  const guard = (await world()).guard()
  const look = { ...described, execute: async () => 'looked' } as never
  const options = { guard, policies: { look: policy(Nothing, {}) as never }, identity: undefined }
  expect(() => guardTools({ look }, options)).toThrow(
    /guardTools.tools.look: is a tool of the AI SDK.*make it with createTool/,
  )
})

function whoActs(): string {
  try {
    const identity = currentIdentity()
    return identity.kind === 'user' ? identity.subject : identity.kind
  } catch {
    return 'no user'
  }
}
