import type { Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'

/**
 * What a call waits for, as a server of ours says it, ready to be shown: of a result that asks for input, or of an error
 * result that can be tried again later. Empty for every other result.
 *
 * It is the server's word: show it, and decide nothing by it.
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
