// Whatever a tool is made of, its code runs behind the guard, or guardTools refuses it by the name of what it overrides.
import { createRequire } from 'node:module'
import { ConfigurationError, currentIdentity, policy } from '@behalf/core'
import { DynamicStructuredTool, DynamicTool, StructuredTool, Tool, tool } from '@langchain/core/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'
import { Nothing, policies, verified, world } from './world.ts'

type AnyClass = new (fields: object) => DynamicStructuredTool

/** Returns the user for whom the body ran, as seen from inside. */
type Note = () => string

const bases = {
  structured: StructuredTool,
  text: Tool,
  'dynamic structured': DynamicStructuredTool,
  'dynamic text': DynamicTool,
} as unknown as Readonly<Record<string, AnyClass>>

/** All that leads to a body, of LangChain and by hand. */
const ways = ['invoke', 'call', 'stream', 'batch', 'transform', 'streamEvents', 'streamLog', '_streamIterator'] as const
type Way = (typeof ways)[number]

const places = ['method', 'field', 'getter'] as const
type Place = (typeof places)[number]

const bodies = ['_call', 'func', 'both'] as const

interface Shape {
  readonly base: string
  readonly body: (typeof bodies)[number]
  readonly place: Place
  readonly overridden?: Way
}

/** A class that is not dynamic has no body but `_call`. */
const shapes: readonly Shape[] = Object.keys(bases).flatMap((base) =>
  bodies
    .filter((body) => body === '_call' || base.startsWith('dynamic'))
    .flatMap((body) =>
      places.flatMap((place) =>
        [undefined, ...ways].map((way) => ({ base, body, place, ...(way && { overridden: way }) })),
      ),
    ),
)

function put(target: object, name: string, place: Place, value: unknown): void {
  const get = () => value
  const descriptor = place === 'getter' ? { get } : { value, writable: true, enumerable: place === 'field' }
  Object.defineProperty(target, name, { ...descriptor, configurable: true })
}

const isText = ({ base }: Shape): boolean => base.endsWith('text')

function make({ base, body, place, overridden }: Shape, note: Note): StructuredTool {
  const Base = bases[base] as AnyClass
  const isDynamic = base.startsWith('dynamic')
  const Own = class extends Base {}
  const one = new Own({ name: 'look', description: 'Looks', schema: Nothing, func: note })
  if (!isDynamic)
    Object.assign(one, { name: 'look', description: 'Looks', ...(base !== 'text' && { schema: Nothing }) })
  const target = place === 'field' ? one : Own.prototype
  if (body !== 'func') put(target, '_call', place, note)
  if (body === 'both') put(place === 'method' ? one : target, 'func', place, note)
  if (overridden !== undefined) put(target, overridden, place, note)
  return one
}

function guardShape(shape: Shape, note: Note, over: object): StructuredTool {
  const rule = policy(isText(shape) ? z.string() : Nothing, {})
  const tools: readonly StructuredTool[] = guardTools([make(shape, note)], {
    guard: world().guard(),
    policies: { look: rule },
    ...over,
  } as never)
  return tools[0] as StructuredTool
}

const drain = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
}

/** Tries every way there is, one after the other. */
async function tryAll(one: StructuredTool, input: unknown): Promise<void> {
  const any = one as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  const kept = (one.lc_kwargs as { readonly func?: Note } | undefined)?.func
  const tries: readonly (() => unknown)[] = [
    () => any.invoke?.(input),
    () => any.invoke?.({ type: 'tool_call', id: 'x', name: 'look', args: input }),
    () => any.call?.(input),
    () => any._call?.(input),
    () => any.func?.(input),
    () => kept?.call(one),
    () => any.batch?.([input]),
    async () => drain(await one.stream(input as never)),
    async () =>
      drain(
        one.transform(
          (async function* () {
            yield input as never
          })(),
          {},
        ),
      ),
    async () => drain(one.streamEvents(input as never, { version: 'v2' })),
    async () => drain(one.streamLog(input as never)),
    async () => drain(one._streamIterator(input as never)),
    () => one.withRetry({ stopAfterAttempt: 1 }).invoke(input as never),
    () => one.pipe((value: unknown) => value).invoke(input as never),
    () => one.withConfig({}).invoke(input as never),
  ]
  for (const attempt of tries) {
    try {
      await attempt()
    } catch {}
  }
}

describe('a tool of any shape', () => {
  const refused = shapes.filter(({ overridden }) => overridden !== undefined)
  const guardable = shapes.filter(({ overridden }) => overridden === undefined)

  test('is refused by the name of what it overrides', () => {
    expect(refused.length).toBeGreaterThan(150)
    for (const shape of refused) {
      const guarding = () => guardShape(shape, () => 'looked', {})
      expect(guarding, JSON.stringify(shape)).toThrow(ConfigurationError)
      expect(guarding, JSON.stringify(shape)).toThrow(`look.${shape.overridden}`)
    }
  })

  test('runs behind the guard by every way', async () => {
    const identity = await verified()
    expect(guardable.length).toBeGreaterThan(20)
    for (const shape of guardable) {
      const seen: string[] = []
      const note = () => {
        seen.push(whoActs())
        return 'looked'
      }
      const input = isText(shape) ? 'text' : {}
      await tryAll(guardShape(shape, note, {}), input)
      expect(seen, JSON.stringify(shape)).toEqual([])
      const open = guardShape(shape, note, { identity })
      expect(await open.invoke(input as never), JSON.stringify(shape)).toBe('looked')
      await tryAll(open, input)
      expect(new Set(seen), JSON.stringify(shape)).toEqual(new Set(['ann']))
    }
  })

  test('may come from the copy of LangChain for require', async () => {
    const other = createRequire(import.meta.url)('@langchain/core/tools') as { readonly tool: typeof tool }
    expect(other.tool).not.toBe(tool)
    const look = other.tool(() => 'looked', { name: 'look', description: 'Looks', schema: Nothing })
    const [guarded] = guardTools([look], { guard: world().guard(), policies, identity: await verified() })
    expect(await guarded.invoke({})).toBe('looked')
    Object.assign(look, { invoke: async () => 'looked' })
    expect(() => guardTools([look], { guard: world().guard(), policies })).toThrow(/look\.invoke/)
  })

  test('answers its own call where a library instruments invoke and waits in it, also for calls at once', async () => {
    const { invoke } = StructuredTool.prototype
    StructuredTool.prototype.invoke = async function (...given) {
      await Promise.resolve()
      return invoke.apply(this, given)
    }
    onTestFinished(() => {
      StructuredTool.prototype.invoke = invoke
    })
    const look = tool(() => 'looked', { name: 'look', description: 'Looks', schema: Nothing })
    const [guarded] = guardTools([look], { guard: world().guard(), policies })
    const calls = ['a', 'b'].map((id) => guarded.invoke({ type: 'tool_call', id, name: 'look', args: {} }))
    expect(await Promise.all(calls)).toMatchObject([
      { tool_call_id: 'a', status: 'error' },
      { tool_call_id: 'b', status: 'error' },
    ])
  })

  test('may tell its schema and what it is for from private fields', async () => {
    class Reader extends StructuredTool<typeof Nothing> {
      readonly name = 'look'
      readonly #name = 'look'
      readonly #schema = Nothing
      get description() {
        return `${this.#name}s`
      }
      get schema() {
        return this.#schema
      }
      protected async _call() {
        return this.#name
      }
    }
    const [guarded] = guardTools([new Reader()], { guard: world().guard(), policies, identity: await verified() })
    expect([guarded.name, guarded.description, guarded.schema]).toEqual(['look', 'looks', Nothing])
    expect(await guarded.invoke({})).toBe('look')
  })

  test('gives no function that was bound to the tool without its guard', async () => {
    class Reader extends StructuredTool<typeof Nothing> {
      readonly name = 'look'
      readonly description = 'Looks'
      readonly schema = Nothing
      readonly quick = () => this._call({})
      slow() {
        return this._call({})
      }
      protected async _call(_: object) {
        return 'looked'
      }
    }
    const [guarded] = guardTools([new Reader()], { guard: world().guard(), policies })
    expect(() => guarded.quick()).toThrow(/look\.quick/)
    await expect(guarded.slow()).rejects.toMatchObject({ code: 'login_required' })
  })

  test('that is no StructuredTool is refused, whatever it can do', () => {
    const like = { name: 'look', description: 'Looks', schema: Nothing, lc_namespace: [], _call: () => 'looked' }
    for (const one of [like, { ...like, invoke: () => 'looked' }, Object.create(null, { name: { value: 'look' } })]) {
      expect(() => guardTools([one], { guard: world().guard(), policies } as never)).toThrow(/StructuredTool/)
    }
  })
})

function whoActs(): string {
  try {
    const identity = currentIdentity()
    return identity.kind === 'user' ? identity.subject : identity.kind
  } catch {
    return 'no user'
  }
}
