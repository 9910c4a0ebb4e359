import type { StandardSchemaWithJSON } from '@mastra/core/schema'
import { createTool } from '@mastra/core/tools'

type Schema = StandardSchemaWithJSON<unknown>

/** Original inputs, by the objects that a tool's schema made from them. */
const written = new WeakMap<object, unknown>()

/**
 * Wraps the tool's own schema so that it remembers its inputs. Mastra parses before the guard, and again when it
 * repeats a step or a call. If a schema fills in random values, each attempt would otherwise be a new call.
 */
export function rememberingWritten(schema: Schema): Schema {
  const { '~standard': standard } = schema
  const remember = (result: Awaited<ReturnType<typeof standard.validate>>, value: unknown) => {
    if (result.issues === undefined && typeof result.value === 'object' && result.value !== null) {
      // Mastra parses its own output again. The first input is the call's.
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
  // All other members of the schema stay, such as the methods of zod. A frozen schema cannot be changed, so the wrapper
  // inherits from it. A schema that is a function must stay a function.
  if (typeof schema !== 'function') return Object.create(schema, { '~standard': { value: own, enumerable: true } })
  return new Proxy(schema, { get: (target, key) => (key === '~standard' ? own : Reflect.get(target, key)) })
}

/** Returns the original of a parsed input. `undefined` if Mastra passes another object than the schema returned. */
export const writtenOf = (input: unknown): unknown =>
  typeof input === 'object' && input !== null ? written.get(input) : undefined

/**
 * Returns Mastra's own parser of a model's arguments: it drops a `null` of an optional field, and parses lists that
 * were written as text. Mastra parses so before a call, and not on resume. Without it, the resumed call would be
 * another call.
 *
 * @returns The unchanged arguments if the schema refuses them: the guard then refuses the call.
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
