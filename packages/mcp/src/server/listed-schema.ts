import { denySentences } from '@behalf/core/spi'
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { toJSONSchema } from 'zod/mini'
import type { AnySchema } from '../guarded-tools/schema.ts'

/**
 * Returns a schema that offers JSON Schema, as the SDK requires. Schemas of zod mini do not offer it themselves, so it
 * is added here. So tools and policies can share them.
 */
export function listedSchema(schema: AnySchema): StandardSchemaWithJSON {
  const standard = schema['~standard']
  if ('jsonSchema' in standard || !('_zod' in schema)) return schema as unknown as StandardSchemaWithJSON
  const say = (io: 'input' | 'output') => () =>
    toJSONSchema(schema as unknown as Parameters<typeof toJSONSchema>[0], { io }) as Record<string, unknown>
  const spoken = { ...standard, jsonSchema: { input: say('input'), output: say('output') } }
  return { '~standard': spoken } as unknown as StandardSchemaWithJSON
}

/** Arguments as the client wrote them, by the objects that a tool's schema made from them. */
const written = new WeakMap<object, unknown>()

/**
 * Wraps the tool's own schema so that it remembers its inputs. The SDK parses before the guard, and again in each round
 * of a call. If a schema fills in random values, each round would otherwise be a new call.
 *
 * @param report - Called with an error of the schema: the SDK would send its text to the client.
 */
export function rememberingWritten(
  { '~standard': standard }: StandardSchemaWithJSON,
  report: (error: unknown) => void,
): StandardSchemaWithJSON {
  const validated = async (...given: Parameters<typeof standard.validate>) => {
    try {
      return await standard.validate(...given)
    } catch (error) {
      report(error)
      return { issues: [{ message: denySentences.misconfigured }] }
    }
  }
  return {
    '~standard': {
      ...standard,
      async validate(value, options) {
        const result = await validated(value, options)
        if (result.issues === undefined && typeof result.value === 'object' && result.value !== null) {
          written.set(result.value, value)
        }
        return result
      },
    },
  }
}

/** Returns the arguments as the client wrote them, or the parsed input if they are unknown. */
export const writtenOf = (input: unknown): unknown =>
  (typeof input === 'object' && input !== null && written.get(input)) || input
