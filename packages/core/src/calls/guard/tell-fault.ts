import type { Trace } from '../../base/contract/index.ts'
import { displayText } from '../../base/display/display-text.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { tellApp } from '../../base/ports/index.ts'

/**
 * Codes of refusals that the operator must fix. The model gets a fixed sentence, and an adapter's app sees no outcome.
 */
const FAULTS = ['approval_not_sent', 'identity_not_verified', 'misconfigured']
/** Texts that were reported, by guard: an app may make its tools for each request. */
const told = new WeakMap<object, Set<string>>()

/**
 * Reports why a guard refused a call, if the set-up is at fault. Each text goes once to `onError`, or else to the
 * console. The console omits the message of an error that a rule threw: it may contain secrets.
 */
export function tellFault(
  { code = '', trace }: { readonly code?: string; readonly trace: Pick<Trace, 'steps'> },
  tool: string,
  { guard, onError }: { readonly guard: object; readonly onError?: ((error: Error, tool: string) => void) | undefined },
): void {
  const known = told.get(guard) ?? new Set()
  const text = `was refused (${code}): ${trace.steps.findLast(({ verdict }) => verdict === 'denied')?.detail ?? ''}`
  if (!FAULTS.includes(code) || known.has(tool + text)) return
  // A text may contain values of a call, so there may be many: the oldest are forgotten all at once.
  if (known.size === 1000) known.clear()
  told.set(guard, known.add(tool + text))
  const shown = displayText(text).replace(/(: the rule \S+ threw \w+): .*/, '$1: give `onError` to see its message')
  const print = () => console.error(`@behalf: the tool ${JSON.stringify(tool)} ${shown}`)
  tellApp(() => (onError ?? print)(new ConfigurationError(tool, text), tool))
}
