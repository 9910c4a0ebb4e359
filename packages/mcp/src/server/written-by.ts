import { denySentences } from '@behalf/core/spi'
import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'

/** What a client wrote, by what a tool's schema made of it. */
const written = new WeakMap<object, unknown>()

/**
 * The tool's own schema, which remembers what it parsed. The SDK parses before the guard, and again in each round of a
 * call. A schema that fills in random values would otherwise give each round another name.
 *
 * @param report - Gets what the schema throws: the SDK would tell the client its text.
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

/** What the client wrote; the parsed input itself where that is not known. */
export const writtenOf = (input: unknown): unknown =>
  (typeof input === 'object' && input !== null && written.get(input)) || input
