import type { Call } from '../contract/index.ts'

/** Known to all copies of this package. */
export const redacts = Symbol.for('@behalf/core@1/redact')

/** Replaces verbatim tokens of the call in texts and plain values, as the guard does with a result (E4). */
export type Redactor = <Value>(value: Value) => Value

/**
 * For adapters: takes the tokens of a call out of the framework's own types, which are out of reach of the guard.
 *
 * @param call - As the body gets it.
 */
export function redactorOf(call: Call): Redactor {
  const redact = (call as { readonly [redacts]?: Redactor })[redacts]
  return redact === undefined ? (value) => value : (value) => redact.call(call, value) as typeof value
}
