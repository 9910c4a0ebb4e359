/** A part of core that holds an invariant. */
export interface Guard {
  /** Ids of what it holds, as in docs/invariants.md. */
  readonly holds: readonly string[]
  /** From `packages/core/src`. */
  readonly file: string
  /** Names of functions, methods (`Class.method`) or constants; none means the whole file. */
  readonly within?: readonly string[]
  /** Each part of an array, an object or a text that is built here matters: keys, bindings, records. */
  readonly parts?: true
  /** Expressions that no operator changes, each as it stands, with what takes its place. */
  readonly exact?: readonly { readonly from: string; readonly to: string }[]
}

/** One change to a guard. */
export interface Mutant {
  /** Counts from 1 within one run; told apart between runs by `key`. */
  readonly id: number
  readonly file: string
  readonly line: number
  /** `function: what was done: source text`, the same as long as this line is. */
  readonly key: string
  /** What the line says with the mutant in it. */
  readonly becomes: string
}

/** A change that no test can tell, and why none needs to. */
export interface Explanation {
  readonly file: string
  /** The mutants' keys, as a run prints them. */
  readonly keys: readonly string[]
  readonly reason: string
}
