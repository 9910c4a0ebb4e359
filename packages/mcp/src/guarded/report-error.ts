import { ConfigurationError } from '@behalf/core'
import type { GuardedTool } from './mcp-tool.ts'

/**
 * Hands the original to the app. What its function throws must not put its text where the fixed one belongs, and a promise
 * that it rejects must not end the process.
 */
export function reportError({ name, rules }: Pick<GuardedTool, 'name' | 'rules'>, error: unknown): void {
  const { onError = () => writeError(`the tool ${JSON.stringify(name)}`, error) } = rules
  void (async () => onError(error, name))().catch(() => {})
}

/**
 * Writes the error's name and its stack frames to the console. Its message may hold secrets, and is left out, except for a
 * `ConfigurationError`: the SDK writes those.
 */
export function writeError(what: string, error: unknown): void {
  const { name, stack = '' } = error instanceof Error ? error : { name: typeof error }
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const said = ConfigurationError.isInstance(error) ? error.message : 'give `onError` to see its message'
  console.error([`@behalf/mcp: ${what} failed with ${name}: ${said}`, ...frames].join('\n'))
}
