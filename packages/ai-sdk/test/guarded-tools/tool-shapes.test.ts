// Whatever a tool is made of, its code runs behind the guard, as it would run without it.
import { currentIdentity, policy } from '@behalf/core'
import { asSchema, dynamicTool, generateText, streamText, type ToolSet, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type GuardedTools, guardTools } from '../../src/index.ts'
import { answering, call } from '../scripted-model.ts'
import { user } from '../turn.ts'
import { world } from '../world.ts'

const Nothing = z.strictObject({})
const context = { toolCallId: 'call-1', messages: [], context: {} }

/** Says who acts, and whether `this` is a tool, each time that it is run. */
type Note = (self: unknown) => string

const bodies: Readonly<Record<string, (note: Note) => unknown>> = {
  async: (note) =>
    async function (this: unknown) {
      return note(this)
    },
  plain: (note) =>
    function (this: unknown) {
      return note(this)
    },
  generator: (note) =>
    async function* (this: unknown) {
      yield note(this)
    },
  'of an iterable': (note) =>
    function (this: unknown) {
      const self = this
      return (async function* () {
        yield note(self)
      })()
    },
  'of a promised iterable': (note) =>
    async function (this: unknown) {
      const self = this
      return (async function* () {
        yield note(self)
      })()
    },
}

const described = { description: 'Looks', inputSchema: Nothing }

/** Where a body and what describes it stand. */
const holders: Readonly<Record<string, (execute: never) => object>> = {
  'a plain object': (execute) => ({ ...described, execute }),
  'tool()': (execute) => tool({ ...described, execute }),
  'dynamicTool()': (execute) => dynamicTool({ ...described, execute }),
  'a frozen object': (execute) => Object.freeze({ ...described, execute }),
  'a proxy': (execute) => new Proxy({ ...described, execute }, {}),
  getters: (execute) => ({
    get description() {
      return 'Looks'
    },
    get inputSchema() {
      return Nothing
    },
    get execute() {
      return execute
    },
  }),
  'a class': (execute) => {
    class Own {
      readonly description = 'Looks'
      get inputSchema() {
        return Nothing
      }
    }
    Object.assign(Own.prototype, { execute })
    return new Own()
  },
  'private fields': (execute) => {
    class Own {
      readonly #schema = Nothing
      readonly #execute: never = execute
      get description() {
        return 'Looks'
      }
      get inputSchema() {
        return this.#schema
      }
      get execute() {
        return this.#execute
      }
    }
    return new Own()
  },
  'no prototype': (execute) => Object.assign(Object.create(null), { ...described, execute }),
}

const shapes = Object.keys(holders).flatMap((holder) => Object.keys(bodies).map((body) => ({ holder, body })))

/** All that comes to a tool's body. */
const ways: Readonly<Record<string, (guarded: GuardedTools<ToolSet>) => unknown>> = {
  execute: async ({ tools }) => last(tools.look?.execute?.({}, context)),
  'execute, taken off': async ({ tools }) => {
    const execute = tools.look?.execute
    await last(execute?.({}, context))
  },
  generateText: (guarded) =>
    generateText({ model: answering([[call('call-1', 'look', {})]]), messages: [user('Look')], ...guarded }),
  'generateText without toolApproval': ({ tools }) =>
    generateText({ model: answering([[call('call-1', 'look', {})]]), messages: [user('Look')], tools }),
  streamText: (guarded) =>
    streamText({ model: answering([[call('call-1', 'look', {})]]), messages: [user('Look')], ...guarded }).text,
  'streamText without toolApproval': ({ tools }) =>
    streamText({ model: answering([[call('call-1', 'look', {})]]), messages: [user('Look')], tools }).text,
}

async function last(returned: unknown): Promise<void> {
  const value = await returned
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return
  for await (const _ of value as AsyncIterable<unknown>);
}

test('a tool of any shape runs behind the guard by every way, and as its own method', async () => {
  const target = await world()
  const guard = target.guard()
  const ann = await target.login()
  expect(shapes.length).toBe(45)
  for (const { holder, body } of shapes) {
    const seen: string[] = []
    const note = (self: unknown) => {
      seen.push(`${whoActs()}, ${self === one ? 'its own' : 'lost'}`)
      return 'looked'
    }
    const one = holders[holder]?.(bodies[body]?.(note) as never) as ToolSet[string]
    const guarded = (identity: typeof ann | undefined): GuardedTools<ToolSet> =>
      guardTools({ look: one } as ToolSet, { guard, policies: { look: policy(Nothing, {}) }, identity, threadId: 't' })
    for (const [way, run] of Object.entries(ways)) {
      const shape = `${holder}, ${body}, ${way}`
      await Promise.resolve(run(guarded(undefined))).catch(() => {})
      expect([shape, seen]).toEqual([shape, []])
      await run(guarded(ann))
      expect([shape, seen.splice(0)]).toEqual([shape, ['ann, its own']])
    }
    const { look } = guarded(ann).tools
    const shown = await asSchema(look?.inputSchema).jsonSchema
    expect([holder, look?.description, shown]).toEqual([holder, 'Looks', await asSchema(Nothing).jsonSchema])
  }
})

function whoActs(): string {
  try {
    const identity = currentIdentity()
    return identity.kind === 'user' ? identity.subject : identity.kind
  } catch {
    return 'no user'
  }
}

test('what the AI SDK asks a tool of a class beside its body is asked of that tool, with its private fields', async () => {
  const target = await world()
  const heard: string[] = []
  class Look {
    readonly #name = 'look'
    readonly inputSchema = Nothing
    execute() {
      return this.#name
    }
    onInputAvailable() {
      heard.push(this.#name)
    }
    toModelOutput({ output }: { readonly output: unknown }) {
      return { type: 'text', value: `${this.#name} said ${output}` } as const
    }
  }
  const options = { guard: target.guard(), policies: { look: policy(Nothing, {}) }, threadId: 't' }
  const { responseMessages } = await generateText({
    model: answering([[call('call-1', 'look', {})]]),
    messages: [user('Look')],
    ...guardTools({ look: new Look() } as ToolSet, { ...options, identity: await target.login() }),
  })
  expect(heard).toEqual(['look'])
  expect(JSON.stringify(responseMessages)).toContain('look said look')
})
