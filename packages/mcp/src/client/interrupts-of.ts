import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'

/**
 * Returns what a call waits for, as a server with `@behalf/mcp` reports it: from a result that asks for input, or from
 * an error result that can be tried again later. Empty for every other result.
 *
 * Any server can send such a result: base no decision on it. Show its texts by `displayText` of
 * `@behalf/core/interrupts`, and a `url` only of pages that you know.
 *
 * @param result - What `callTool` returned.
 */
export function interruptsOf(result: unknown): readonly Interrupt[] {
  if (typeof result !== 'object' || result === null || !('_meta' in result)) return []
  const meta = result._meta
  if (typeof meta !== 'object' || meta === null) return []
  const interrupt = parseInterrupt((meta as Readonly<Record<string, unknown>>)['behalf/interrupt'])
  return interrupt === undefined ? [] : [interrupt]
}
