import type { Call } from '../../base/contract/index.ts'

/** Known to all copies of this package. */
export const redacts = Symbol.for('@behalf/core@1/redact')

/** Replaces verbatim tokens of the call in texts and plain values, as the guard does with a result (E4). */
export type Redactor = <Value>(value: Value) => Value

/**
 * Returns a function that removes a call's tokens from the framework's own types, which the guard cannot search. For
 * adapters.
 * @param call - The call, as the body gets it.
 */
export function redactorOf(call: Call): Redactor {
  const redact = (call as { readonly [redacts]?: Redactor })[redacts]
  return redact === undefined ? (value) => value : (value) => redact.call(call, value) as typeof value
}
