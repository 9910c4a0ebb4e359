import { asSchema, type FlexibleSchema, jsonSchema } from 'ai'

/** Original inputs of the model, by the objects that a tool's schema made of them. */
const written = new WeakMap<object, unknown>()

/**
 * Wraps the tool's own schema so that it remembers its inputs. The AI SDK parses before the guard, and again when it
 * replays a model's answer. A schema that fills in random values would otherwise give each attempt another name.
 */
export function rememberingWritten(given: FlexibleSchema<unknown>): FlexibleSchema<unknown> {
  const schema = asSchema(given)
  const { validate } = schema
  if (validate === undefined) return given
  return jsonSchema(() => schema.jsonSchema, {
    async validate(value) {
      const result = await validate(value)
      if (result.success && typeof result.value === 'object' && result.value !== null) written.set(result.value, value)
      return result
    },
  })
}

/**
 * Returns the model's original for a parsed input. `undefined` if the AI SDK passes another object, as it does from
 * messages.
 */
export const writtenOf = (input: unknown): unknown =>
  typeof input === 'object' && input !== null ? written.get(input) : undefined
