import { ConfigurationError, type Outcome } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import { tellApp } from '@behalf/core/spi'
import type { GuardedTool } from './mcp-tool.ts'

/** Hands the original error to the app. */
export function reportError({ name, rules }: Pick<GuardedTool, 'name' | 'rules'>, error: unknown): void {
  const { onError = () => writeError(`the tool ${JSON.stringify(name)}`, error) } = rules
  tellApp(() => onError(error, name))
}

/** Codes of refusals that the operator has to mend. The client is told the code only, and an MCP server has no outcome to print. */
const FAULTS = ['approval_not_sent', 'misconfigured']

/** Tells the app why the guard refused a call, where that is a fault of the set-up. */
export function reportRefusal(
  { name, rules }: Pick<GuardedTool, 'name' | 'rules'>,
  { code, trace }: Extract<Outcome<unknown>, { readonly status: 'denied' }>,
): void {
  if (!FAULTS.includes(code)) return
  const why = trace.steps.findLast(({ verdict }) => verdict === 'denied')?.detail ?? ''
  // The message of an error that a rule of the app threw may hold secrets.
  const shown = displayText(why).replace(/^(the rule \S+ threw \w+): .*/, '$1: give `onError` to see its message')
  const write = () => console.error(`@behalf/mcp: the tool ${JSON.stringify(name)} was refused (${code}): ${shown}`)
  const { onError = write } = rules
  tellApp(() => onError(new ConfigurationError(name, `was refused (${code}): ${why}`), name))
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
