import type { StandardSchemaWithJSON } from '@mastra/core/schema'
import { createTool } from '@mastra/core/tools'

type Schema = StandardSchemaWithJSON<unknown>

/** What was written, by what a tool's schema made of it. */
const written = new WeakMap<object, unknown>()

/**
 * The tool's own schema, which remembers what it parsed. Mastra parses before the guard, and again when it repeats a
 * step or a call. A schema that fills in random values would otherwise give each attempt another name.
 */
export function rememberingWritten(schema: Schema): Schema {
  const { '~standard': standard } = schema
  const remember = (result: Awaited<ReturnType<typeof standard.validate>>, value: unknown) => {
    if (result.issues === undefined && typeof result.value === 'object' && result.value !== null) {
      // Mastra hands on what it parsed, and parses it once more: what was written first is the call.
      written.set(result.value, writtenOf(value) ?? value)
    }
    return result
  }
  const own: Schema['~standard'] = {
    ...standard,
    validate(value, options) {
      const result = standard.validate(value, options)
      return result instanceof Promise ? result.then((one) => remember(one, value)) : remember(result, value)
    },
  }
  // All else that Mastra and the app read of a schema stays, such as the methods of zod's. A frozen schema has no other
  // property of this name, so what stands before it inherits from it; one that is a function has to stay one.
  if (typeof schema !== 'function') return Object.create(schema, { '~standard': { value: own, enumerable: true } })
  return new Proxy(schema, { get: (target, key) => (key === '~standard' ? own : Reflect.get(target, key)) })
}

/** What was written of a parsed input. `undefined` where Mastra hands on another object than the schema gave. */
export const writtenOf = (input: unknown): unknown =>
  typeof input === 'object' && input !== null ? written.get(input) : undefined

/**
 * Mastra's own reading of a model's arguments: it drops a `null` for what is optional, and reads lists that were written as
 * text. It does that before a call, and not when the call is resumed, which would then be another one.
 *
 * @returns The arguments as they are where the schema refuses them: the guard says so.
 */
export function readerOf(inputSchema: Schema): (input: unknown) => Promise<unknown> {
  const tool = createTool({
    id: 'reader',
    description: '',
    inputSchema,
    execute: async (input) => ({ read: input }),
  })
  return async (input) => {
    const result: unknown = await tool.execute?.(input as never, {} as never)
    return typeof result === 'object' && result !== null && 'read' in result ? result.read : input
  }
}
