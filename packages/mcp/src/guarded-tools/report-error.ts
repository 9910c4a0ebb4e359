import { BehalfError } from '@behalf/core'
import { tellApp } from '@behalf/core/spi'
import type { GuardedTool } from './mcp-tool.ts'

/** Passes the original error to the app. */
export function reportError({ name, rules }: Pick<GuardedTool, 'name' | 'rules'>, error: unknown): void {
  const { onError = () => writeError(`the tool ${JSON.stringify(name)}`, error) } = rules
  tellApp(() => onError(error, name))
}

/**
 * Writes the error's name and its stack frames to the console. Omits the message, which may contain secrets, unless it
 * is a `ConfigurationError` of this SDK.
 */
export function writeError(what: string, error: unknown): void {
  const { name, stack = '' } = error instanceof Error ? error : { name: typeof error }
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  const said =
    BehalfError.isInstance(error) && error.code === 'ERR_CONFIGURATION'
      ? error.message
      : 'give `onError` to see its message'
  console.error([`@behalf/mcp: ${what} failed with ${name}: ${said}`, ...frames].join('\n'))
}
