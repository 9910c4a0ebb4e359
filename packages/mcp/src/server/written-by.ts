import { denySentences } from '@behalf/core/spi'
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'

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
