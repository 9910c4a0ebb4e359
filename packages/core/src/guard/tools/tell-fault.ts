import type { Outcome, Trace } from '../../base/contract/index.ts'
import { displayText } from '../../base/display/display-text.ts'
import { BehalfError, ConfigurationError } from '../../base/errors/index.ts'
import { tellApp } from '../../base/ports.ts'
import { denySentences, toolFailedSentence } from '../call/refusal.ts'
import { isToolRefusal, refusalParts, toolRefusal } from './tool-authorization-error.ts'

/** The options of an adapter's tools by which the app is told. */
export interface ToldOptions {
  /** The guard of the tools. Each reason of a refusal is told once for it. */
  readonly guard: object
  /** Called with an error, and the tool's name. */
  readonly onError?: ((error: unknown, tool: string) => void) | undefined
}

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
  { guard, onError }: ToldOptions,
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

/** Hands an error of a call to the app. */
export const tellError = (error: unknown, tool: string, { onError }: Pick<ToldOptions, 'onError'>): void =>
  tellApp(() => onError?.(error, tool))

/**
 * Returns the result of a call. For adapters.
 * @throws ToolAuthorizationError The call gave none.
 */
export function resultOf<Result>(outcome: Outcome<Result>, tool: string, options: ToldOptions): Result {
  if (outcome.status === 'done') return outcome.result
  tellFault(outcome, tool, options)
  throw toolRefusal(...refusalParts(outcome))
}

/**
 * Returns what an adapter throws in place of an error of a call: a refusal and the reason of the call's own abort as they
 * are, else a `ToolAuthorizationError` with a fixed sentence. The app gets the original.
 */
export function shownError(error: unknown, tool: string, options: ToldOptions, signal?: AbortSignal): unknown {
  if (isToolRefusal(error) || (signal?.aborted === true && error === signal.reason)) return error
  tellError(error, tool, options)
  return BehalfError.isInstance(error) && error.code === 'ERR_CONFIGURATION'
    ? toolRefusal('misconfigured', denySentences.misconfigured)
    : toolRefusal('tool_failed', toolFailedSentence)
}
