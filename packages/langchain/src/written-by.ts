import { answersItself } from './nesting.ts'
import type { RunConfig } from './run-config.ts'

/**
 * Returns the arguments as the model wrote them, where the tool's schema only added to them. LangChain parses before the
 * guard, and a schema that fills in something else each time would give each try of a call another name. `undefined`
 * where they are not known: then the call is known by what was parsed.
 */
export function writtenBy(config: RunConfig, name: string, parsed: unknown): unknown {
  const { toolCall } = config
  // Handed on by the code of another tool, it is that tool's.
  if (toolCall === undefined || toolCall.name !== name || !answersItself(config)) return undefined
  return isWithin(toolCall.args, parsed) ? toolCall.args : undefined
}

function isWithin(part: unknown, whole: unknown): boolean {
  if (Object.is(part, whole)) return true
  if (typeof part !== 'object' || typeof whole !== 'object' || part === null || whole === null) return false
  if (Array.isArray(part) !== Array.isArray(whole)) return false
  if (Array.isArray(part) && part.length !== (whole as readonly unknown[]).length) return false
  return Object.entries(part).every(
    ([key, value]) => Object.hasOwn(whole, key) && isWithin(value, whole[key as keyof typeof whole]),
  )
}
